import { isOfValues, type RowFailure } from '../core/failure.ts'
import type { StatementFailure, StatementResult } from '../core/statement.ts'

/**
 * Runs the rows from `start` to `end`, exclusive, of a statement that failed as a whole. With
 * `naming` MySQL is asked to name the row that fails.
 */
export type RunPart = (start: number, end: number, naming: boolean) => Promise<StatementResult>

export interface FailingRow {
  readonly row: number
  readonly failure: RowFailure
}

/** After a second failing row, parts are this long at least. */
const minPartRows = 8

/**
 * Finds the rows at which a statement fails, as `first` says that it does. A row that MySQL names
 * costs one statement, one that it does not is searched for by halves. Parts that get through stay:
 * the caller rolls all of it back. `misnamed` if MySQL named a row that does not fail alone.
 */
export async function findFailingRows(
  rows: number,
  first: StatementFailure,
  runPart: RunPart,
  mayAskNames: boolean,
): Promise<readonly FailingRow[] | 'misnamed'> {
  const found: FailingRow[] = []
  let naming = mayAskNames && (first.row !== undefined || first.isNameable === true)
  let isNamingTrue = false
  let start = 0
  let end = rows
  let failed: StatementFailure | undefined = first
  if (naming && first.row === undefined && rows > 1) failed = await run()
  while (failed) {
    const failing = await locate(failed)
    if (!failing) return 'misnamed'
    const gap = failing.row + 1 - (found.at(-1)?.row ?? 0)
    found.push(failing)
    start = failing.row + 1
    failed = await nextFailure(found.length === 1 ? rows : Math.max(minPartRows, 2 * gap))
  }
  return found

  /** Runs what is between `start` and `end`. */
  async function run(): Promise<StatementFailure | undefined> {
    const result = await runPart(start, end, naming)
    if (result.kind !== 'failed') return undefined
    // Where it can't name the first, it can't name the others.
    if (result.row === undefined) naming = false
    return result
  }

  /** The failing row between `start` and `end`, which failed; undefined if it was misnamed. */
  async function locate(failure: StatementFailure): Promise<FailingRow | undefined> {
    let failing = failure
    while (end - start > 1) {
      if (mayAskNames && failing.row !== undefined) return named(start + failing.row, failing)
      const last = end
      end = start + Math.ceil((end - start) / 2)
      const half = await run()
      if (half) {
        failing = half
      } else {
        // All others of the part got through, so its failure is that of the one that is left.
        start = end
        end = last
      }
    }
    return { row: start, failure: failing.failure }
  }

  /** The first name is tried, where a row's values decide; a true one makes the others probable. */
  async function named(row: number, { failure }: StatementFailure) {
    if (isNamingTrue || !isOfValues(failure)) return { row, failure }
    const alone = await runPart(row, row + 1, false)
    if (alone.kind !== 'failed') return undefined
    isNamingTrue = true
    return { row, failure: alone.failure }
  }

  /** Runs on from `start`, in parts that grow, to the next one that fails. */
  async function nextFailure(partRows: number): Promise<StatementFailure | undefined> {
    for (let size = partRows; start < rows; size *= 2) {
      end = Math.min(rows, start + size)
      const next = await run()
      if (next) return next
      start = end
    }
    return undefined
  }
}
