/** Growing waits between tries: doubled up to a most, small again after a success. */
export class BackOff {
  readonly #firstMs: number
  readonly #mostMs: number
  #nextMs: number

  constructor(firstMs: number, mostMs: number) {
    this.#firstMs = firstMs
    this.#mostMs = mostMs
    this.#nextMs = firstMs
  }

  nextMs(): number {
    const waitMs = this.#nextMs
    this.#nextMs = Math.min(waitMs * 2, this.#mostMs)
    return waitMs
  }

  reset(): void {
    this.#nextMs = this.#firstMs
  }
}
