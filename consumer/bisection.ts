import { comparePositions, type Position } from '../core/position.ts'
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
 * If that one keeps failing, a window of the next operations leaves it out: what applies there shows
 * that the error is the operation's own. If the next ones fail as well, it is the environment.
 */
export class Bisection {
  #tries = 0
  #suspects = 0
  /** Where the last window of several operations ended that met the error. */
  #failedTo: Position | undefined
  #provenType: string | undefined

  /** The operations that the next window leaves out as rejected, if others apply. */
  get suspects(): number {
    return this.#suspects
  }

  /** The type of the operation in front of the suspect, if it applied alone after both had failed. */
  get provenType(): string | undefined {
    return this.#provenType
  }

  /** True if every operation fails, as far as can be told. */
  failed({ plan, rejected, to }: Window): boolean {
    const { length } = plan.sources
    if (length > 1 && rejected.length === 0) {
      this.#forget()
      this.#failedTo = to
      return false
    }
    if (++this.#tries < (rejected.length > 0 ? triesBehind : triesAlone)) return false
    this.#tries = 0
    this.#suspects = rejected.length + 1
    // Of several behind the suspects nobody knows which one failed.
    return length > 1 || this.#suspects > maxSuspects
  }

  applied({ plan, rejected, to }: Window): void {
    this.#forget()
    const [first] = plan.sources
    const isAmidFailed = this.#failedTo !== undefined && comparePositions(to, this.#failedTo) < 0
    if (!isAmidFailed) this.#failedTo = undefined
    else if (plan.sources.length === 1 && rejected.length === 0) this.#provenType = first!.type.name
  }

  #forget(): void {
    this.#tries = 0
    this.#suspects = 0
    this.#provenType = undefined
  }
}
