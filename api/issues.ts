import { excerpt, Problem } from './problem.ts'

/** Stands for the index where an issue is not one operation's. */
export const requestIndex = null

/** One thing that is wrong: an operation by its index, and a JSON pointer inside it. */
interface Issue {
  readonly index: number | null
  readonly path: string
  readonly message: string
}

/** What is wrong with a request: the first ones listed, all counted. */
export class Issues {
  readonly #max: number
  readonly #listed: Issue[] = []
  #count = 0

  constructor(max: number) {
    this.#max = max
  }

  get any(): boolean {
    return this.#count > 0
  }

  /** Whether further ones are only counted, so that nobody need find words for them. */
  get isFull(): boolean {
    return this.#listed.length >= this.#max
  }

  add(index: number | null, path: string, message: string): void {
    this.#count++
    if (this.isFull) return
    this.#listed.push({ index, path: excerpt(path, 200), message: excerpt(message, 500) })
  }

  /** For what is not one operation's. Nothing can be read then. */
  ofRequest(path: string, message: string): never[] {
    this.add(requestIndex, path, message)
    return []
  }

  /** Throws a 422 Problem; `lineOf` tells on which line an operation stands, where there are lines. */
  throwIfAny(lineOf?: (index: number) => number | undefined): void {
    if (!this.any) return
    const errors = this.#listed
      .sort((a, b) => (a.index ?? -1) - (b.index ?? -1))
      .map((issue) => {
        const line = issue.index === null ? undefined : lineOf?.(issue.index)
        return line === undefined ? issue : { ...issue, line }
      })
    const count = this.#count === 1 ? 'One error' : `${this.#count} errors, the first`
    throw new Problem(
      'invalid-operations',
      `Nothing was written. ${count}: ${sentence(errors[0]!)}`,
      {
        extensions: { errors, errorCount: this.#count },
      },
    )
  }
}

function sentence({ index, path, message, line }: Issue & { readonly line?: number }): string {
  if (index === null) return `${path || 'the body'} ${message}.`
  const where = line === undefined ? '' : ` (line ${line})`
  return `operation ${index}${where}${path && `, ${path}`} ${message}.`
}
