import type { Window } from './window.ts'

/**
 * Times that one operation alone meets an unknown error before it is a suspect: with the growing
 * waits between them some 15 s, which a passing trouble of the server's does not outlast.
 */
const triesAlone = 8
/** The same for those behind it, which are tried in a transaction that leaves the suspect out. */
const triesBehind = 3
/** Operations in a row that may be suspects before it is the environment. */
const maxSuspects = 4

/**
 * Finds the operation behind an error that nobody knows. Windows are halved down to one operation.
 * If that one keeps failing, a window of the next operation leaves it out: what applies there shows
 * that the error is the operation's own. If the next ones fail as well, it is the environment.
 */
export class Bisection {
  #tries = 0
  #suspects = 0
  #isProven = false

  /** The operations that the next window leaves out as rejected, if others apply. */
  get suspects(): number {
    return this.#suspects
  }

  /** Whether an operation in front of the suspect applied alone, just before. */
  get isProven(): boolean {
    return this.#isProven
  }

  /** True if every operation fails. */
  failed({ plan, rejected }: Window): boolean {
    if (plan.sources.length > 1) {
      this.applied(undefined)
      return false
    }
    if (++this.#tries < (rejected.length > 0 ? triesBehind : triesAlone)) return false
    this.#tries = 0
    this.#suspects = rejected.length + 1
    return this.#suspects > maxSuspects
  }

  applied(window: Window | undefined): void {
    this.#tries = 0
    this.#suspects = 0
    this.#isProven = window?.plan.sources.length === 1 && window.rejected.length === 0
  }
}
