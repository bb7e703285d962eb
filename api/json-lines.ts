import { countStrings, countStringTokens } from './json.ts'

/** A byte order mark is not dropped: only the start of a body may have one. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const openBrace = 0x7b
const blank = /^[ \t\r]*$/

/**
 * The values of a block of lines, as strict as `parseJson`; `undefined` stands for an empty line.
 * Undefined as a whole where some line can't be read: which one, and why, is for slower means.
 *
 * The block is decoded at once, and its strings are counted at once: no line has more of them than
 * its text has, so the sums are equal only where all of them are.
 */
export function parseJsonLines(block: Uint8Array, maxDepth: number): unknown[] | undefined {
  const values: unknown[] = []
  let strings = 0
  try {
    const text = utf8.decode(block)
    for (let start = 0; start < text.length; ) {
      const newline = text.indexOf('\n', start)
      const end = newline < 0 ? text.length : newline
      const line = text.slice(start, end)
      start = end + 1
      if (line.charCodeAt(0) !== openBrace && blank.test(line)) {
        values.push(undefined)
        continue
      }
      const value: unknown = JSON.parse(line)
      strings += countStrings(value, maxDepth)
      values.push(value)
    }
  } catch {
    return undefined
  }
  return strings === countStringTokens(block) ? values : undefined
}

/** The text of one line; undefined where it is not UTF-8. */
export function decodeLine(line: Uint8Array): string | undefined {
  try {
    return utf8.decode(line)
  } catch {
    return undefined
  }
}

export function isBlank(line: string): boolean {
  return blank.test(line)
}

const newline = 0x0a

export function* linesOf(block: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < block.byteLength; ) {
    const found = block.indexOf(newline, start)
    const end = found < 0 ? block.byteLength : found
    yield block.subarray(start, end)
    start = end + 1
  }
}
