import { Problem } from './problem.ts'

/** What all requests together may hold. Each takes its share as it grows, and gives it back. */
export class Budgets {
  readonly #max: number
  readonly #what: string
  #held = 0

  /** `what` names it for people: `the memory set aside for bodies`. */
  constructor(max: number, what: string) {
    this.#max = max
    this.#what = what
  }

  open(): Budget {
    let taken = 0
    return {
      take: (amount) => {
        if (this.#held + amount > this.#max) throw overloaded(this.#what)
        this.#held += amount
        taken += amount
      },
      [Symbol.dispose]: () => {
        this.#held -= taken
        taken = 0
      },
    }
  }
}

export interface Budget extends Disposable {
  /** Throws a Problem where there is no room for so much now. */
  take(amount: number): void
}

function overloaded(what: string): Problem {
  return new Problem(
    'overloaded',
    `Other requests fill ${what}. Nothing was written: send this again.`,
    { extensions: { outcome: 'none' }, headers: { 'retry-after': '1' } },
  )
}
