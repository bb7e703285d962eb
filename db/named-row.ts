import type { Effect } from '../core/statement.ts'
import type { MysqlError } from './mysql-errors.ts'
import type { ShardConnection } from './shard-connection.ts'

/**
 * Which row of a statement MySQL failed at. Some messages end in "at row 501"; for the others a
 * mark is left: `LAST_INSERT_ID(new.#)` keeps the number of the last row that was evaluated, also
 * after an error. Both are hints, proved for each entry below against a real MySQL; whoever uses
 * them has to expect a wrong one.
 */
interface Naming {
  /** Errors whose message has the row. */
  readonly inMessages: ReadonlySet<number>
  /** Errors at which the mark stands at the row. */
  readonly byMark: ReadonlySet<number>
}

/** Errors of values that are converted while rows are read one by one. */
const conversions = [1264, 1265, 1292, 1366, 1406]
/** Row by row too, but the message does not tell. */
const unnumbered = [1048, 1118, 3140]
/** An INSERT meets them at its row; an UPDATE or DELETE with a join in a second pass over all rows. */
const ofWriting = [1062, 1452, 1526, 1644, 1690, 3819]

const insert: Naming = {
  inMessages: new Set(conversions),
  byMark: new Set([...conversions, ...unnumbered, ...ofWriting]),
}

const namings: Readonly<Record<Effect, Naming>> = {
  create: insert,
  upsert: insert,
  modify: { inMessages: new Set(conversions), byMark: new Set([1048, 3140]) },
  delete: { inMessages: new Set(), byMark: new Set() },
}

/** JSON_TABLE says "at row 1" whatever the row is: it unfolds them all before the first is read. */
const firstTrueInJson = 2

/** The row (from 0) that the error's message names; undefined if it names none that is surely true. */
export function rowInMessage(
  effect: Effect,
  { errno, sqlMessage = '' }: MysqlError,
  { rows, inJson }: { readonly rows: number; readonly inJson: boolean },
): number | undefined {
  if (!namings[effect].inMessages.has(errno!)) return undefined
  const number = Number(/ at row (\d+)$/.exec(sqlMessage)?.[1])
  // The second pass of an UPDATE counts on where the first one ended.
  return number >= (inJson ? firstTrueInJson : 1) && number <= rows ? number - 1 : undefined
}

/** Whether a run that leaves marks would tell the row. */
export function leavesMark(effect: Effect, { errno }: MysqlError): boolean {
  return namings[effect].byMark.has(errno!)
}

/** Before a statement that leaves marks. */
export async function clearMark(connection: ShardConnection): Promise<void> {
  await connection.read('SELECT LAST_INSERT_ID(0) AS mark')
}

/** The row (from 0) that the mark stands at; undefined if none was evaluated. */
export async function rowAtMark(
  connection: ShardConnection,
  rows: number,
): Promise<number | undefined> {
  const [found] = await connection.read('SELECT LAST_INSERT_ID() AS mark')
  const number = Number(found!.mark)
  return number >= 1 && number <= rows ? number - 1 : undefined
}
