/** How many windows one worker process applies at once; each holds a transaction open. */
export class WindowSlots {
  readonly #most: number
  #taken = 0
  /** Who was refused and has not had a slot since, in that order. */
  readonly #waiting = new Set<object>()

  constructor(most: number) {
    this.#most = most
  }

  /**
   * True if the caller may apply a window now; it then calls `release`. Whoever was refused earlier
   * comes first: a shard that asks again at once would else always be faster than one that waits.
   */
  tryTake(who: object): boolean {
    if (this.#taken + this.#aheadOf(who) >= this.#most) {
      this.#waiting.add(who)
      return false
    }
    this.#waiting.delete(who)
    this.#taken++
    return true
  }

  /** Called by whoever was refused and asks no more. */
  giveUp(who: object): void {
    this.#waiting.delete(who)
  }

  release(): void {
    this.#taken--
  }

  #aheadOf(who: object): number {
    let ahead = 0
    for (const waiting of this.#waiting) {
      if (waiting === who) break
      ahead++
    }
    return ahead
  }
}
