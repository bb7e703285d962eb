import { Problem } from './problem.ts'

/** Bytes that all requests together may hold. Each request takes what it reads, and gives it back. */
export class ByteBudgets {
  readonly #maxBytes: number
  #heldBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  open(): ByteBudget {
    let taken = 0
    return {
      take: (bytes) => {
        if (this.#heldBytes + bytes > this.#maxBytes) throw overloaded()
        this.#heldBytes += bytes
        taken += bytes
      },
      [Symbol.dispose]: () => {
        this.#heldBytes -= taken
        taken = 0
      },
    }
  }
}

export interface ByteBudget extends Disposable {
  /** Throws a Problem where there is no room for so many bytes now. */
  take(bytes: number): void
}

function overloaded(): Problem {
  return new Problem(
    'overloaded',
    'Other requests fill the memory set aside for bodies. Nothing was written: send this again.',
    { extensions: { outcome: 'none' }, headers: { 'retry-after': '1', connection: 'close' } },
  )
}
