import { createHash } from 'node:crypto'

/** What happened in a simulation, line by line, and its hash: two runs of a seed must have the same. */
export class Trace {
  readonly #hash = createHash('sha256')
  readonly #nowMs: () => number
  readonly #print: ((line: string) => void) | undefined

  constructor(nowMs: () => number, print?: (line: string) => void) {
    this.#nowMs = nowMs
    this.#print = print
  }

  note(who: string, what: string): void {
    const line = `${(this.#nowMs() / 1000).toFixed(6)} ${who}: ${what}`
    this.#hash.update(line)
    this.#print?.(line)
  }

  /** Ends it. */
  digest(): string {
    return this.#hash.digest('hex')
  }
}
