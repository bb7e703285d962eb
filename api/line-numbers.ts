/** Runs of empty lines that are remembered; with more, operations behind them have an index alone. */
const maxGaps = 10_000

/** On which line each operation stands, from 1: empty lines are no operations. */
export class LineNumbers {
  /** From an operation on, lines and operations keep step. */
  readonly #steps = [{ index: 0, line: 1 }]
  #knownTo = Number.POSITIVE_INFINITY

  /** The line before operation `index` is empty. */
  skip(index: number): void {
    const last = this.#steps.at(-1)!
    if (last.index === index) last.line++
    else if (this.#steps.length < maxGaps) {
      this.#steps.push({ index, line: last.line + index - last.index + 1 })
    } else this.#knownTo = Math.min(this.#knownTo, index)
  }

  of(index: number): number | undefined {
    if (index >= this.#knownTo) return undefined
    const step = this.#steps.findLast((step) => step.index <= index)!
    return step.line + index - step.index
  }
}
