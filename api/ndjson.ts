import type { Operation } from '../core/operation.ts'
import type { Issues } from './issues.ts'
import { readJson } from './json.ts'
import { diagnoseJson } from './json-diagnosis.ts'
import { decodeLine, isBlank, linesOf, parseJsonLines } from './json-lines.ts'
import type { ApiLimits } from './limits.ts'
import { LineNumbers } from './line-numbers.ts'
import type { OperationReader } from './operation-reader.ts'
import { Problem } from './problem.ts'

const byteOrderMark = '\ufeff'

/**
 * Reads operations from blocks of lines. A line that is no operation is an issue like any other:
 * the lines around it can be read all the same.
 */
export class NdjsonReader {
  readonly #reader: OperationReader
  readonly #issues: Issues
  readonly #limits: ApiLimits
  readonly #lines = new LineNumbers()
  /** Of the next operation. */
  #index = 0
  #lineCount = 0
  #isAtStart = true

  constructor(reader: OperationReader, issues: Issues, limits: ApiLimits) {
    this.#reader = reader
    this.#issues = issues
    this.#limits = limits
  }

  /** The valid operations of a block. Throws a Problem where a limit is passed. */
  read(block: Uint8Array): Operation[] {
    const { jsonDepth, ndjsonLineBytes } = this.#limits
    const lines = this.#isAtStart ? withoutByteOrderMark(block) : block
    this.#isAtStart = false
    const operations: Operation[] = []
    // Only a block longer than a line may be can hold a line that is too long.
    const values =
      lines.byteLength <= ndjsonLineBytes ? parseJsonLines(lines, jsonDepth) : undefined
    if (values) for (const value of values) this.#take(value, operations)
    else for (const line of linesOf(lines)) this.#take(this.#readLine(line), operations)
    return operations
  }

  /** Told once the last block was read. */
  finish(): void {
    if (this.#lineCount === 0) throw new Problem('bad-request', 'The body is empty.')
    if (this.#index === 0) this.#issues.ofRequest('', 'holds no operation, only empty lines')
  }

  /** The number of the line, from 1, on which an operation stands; undefined if it is not known. */
  lineOf(index: number): number | undefined {
    return this.#lines.of(index)
  }

  #take(value: unknown, operations: Operation[]): void {
    const { ndjsonLines } = this.#limits
    if (++this.#lineCount > ndjsonLines) throw tooManyLines(ndjsonLines)
    if (value === undefined) {
      this.#lines.skip(this.#index)
      return
    }
    const index = this.#index++
    if (value === unreadable) return
    const operation = this.#reader.readOperation(index, value)
    if (operation) operations.push(operation)
  }

  /** Its value; undefined for an empty line, `unreadable` for one that is an issue already. */
  #readLine(line: Uint8Array): unknown {
    const { jsonDepth, ndjsonLineBytes } = this.#limits
    if (line.byteLength > ndjsonLineBytes) throw this.#lineTooLong()
    const text = decodeLine(line)
    if (text !== undefined && isBlank(text)) return undefined
    const read = text === undefined ? undefined : readJson(text, line, jsonDepth)
    if (read) return read.value
    // To say what is wrong takes ten times as long as to see that something is.
    const why = this.#issues.isFull ? '' : whyUnreadable(text, jsonDepth)
    this.#issues.add(this.#index, '', why)
    return unreadable
  }

  #lineTooLong(): Problem {
    const { ndjsonLineBytes } = this.#limits
    const line = this.#lineCount + 1
    return new Problem(
      'too-large',
      `Line ${line} is longer than ${ndjsonLineBytes} bytes. Each operation stands on a line of its own, and takes 256 KiB in the log at most; one JSON text over several lines, or all in one, is sent as application/json.`,
      { extensions: { line, maxLineBytes: ndjsonLineBytes } },
    )
  }
}

const unreadable = Symbol('unreadable')

function whyUnreadable(text: string | undefined, maxDepth: number): string {
  if (text === undefined) return 'is not valid UTF-8'
  if (text.startsWith(byteOrderMark)) {
    return 'begins with a byte order mark, which may stand at the start of the body only'
  }
  return `can't be read as JSON: ${diagnoseJson(text, maxDepth).message}`
}

function withoutByteOrderMark(block: Uint8Array): Uint8Array {
  const has = block[0] === 0xef && block[1] === 0xbb && block[2] === 0xbf
  return has ? block.subarray(3) : block
}

function tooManyLines(maxLines: number): Problem {
  return new Problem(
    'too-large',
    `A body of this kind holds at most ${maxLines} lines, this one has more: split it into several requests.`,
    { extensions: { maxLines } },
  )
}
