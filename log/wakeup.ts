/** Lets several callers wait for one thing that may happen: a condition variable. */
export class Wakeup {
  readonly #waiters = new Set<() => void>()

  get isAwaited(): boolean {
    return this.#waiters.size > 0
  }

  /** Resolves at the next `wake`, or after `ms`. */
  wait(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const done = () => {
      clearTimeout(timer)
      this.#waiters.delete(done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    this.#waiters.add(done)
    return promise
  }

  wake(): void {
    for (const done of [...this.#waiters]) done()
  }
}
