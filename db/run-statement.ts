import type { RowFailure } from '../core/failure.ts'
import { StoreError } from '../core/shard-store.ts'
import type { RowVerdict, Statement, StatementFailure, StatementResult } from '../core/statement.ts'
import { columnOf, keyOf, type MysqlError, rowFailureOf } from './mysql-errors.ts'
import { clearMark, leavesMark, rowAtMark, rowInMessage } from './named-row.ts'
import type { ShardConnection } from './shard-connection.ts'
import { keyIndex } from './statements/key-index.ts'
import { type BoundStatement, StatementTexts } from './statements/statement-texts.ts'
import { upsertGuard } from './statements/upsert.ts'

/** What runs the statements on the user's tables. */
export interface StatementRunner {
  /** Makes ahead of time what `run` will send. */
  prepare(statement: Statement): void
  /** As `runStatement` does. */
  run(connection: ShardConnection, statement: Statement, naming?: boolean): Promise<StatementResult>
}

/** Runs them as texts of MySQL's, which it keeps for the next ones. */
export class TextRunner implements StatementRunner {
  readonly #texts = new StatementTexts()

  prepare(statement: Statement): void {
    this.#texts.bind(statement)
  }

  run(
    connection: ShardConnection,
    statement: Statement,
    naming?: boolean,
  ): Promise<StatementResult> {
    return runStatement(connection, statement, this.#texts, naming)
  }
}

/**
 * Runs a statement and finds the rows that their own keys decide; with `naming` in a way that tells
 * more often which row failed. Rejects with MySQL's error where it is no row's: the transaction is
 * over then.
 */
async function runStatement(
  connection: ShardConnection,
  statement: Statement,
  texts: StatementTexts,
  naming = false,
): Promise<StatementResult> {
  if (statement.rows.length === 0) return done
  const bound = texts.bind(statement, naming)
  const run: Run = { connection, statement, bound, count: statement.rows.length, naming }
  switch (statement.effect) {
    case 'create':
      return create(run)
    case 'upsert':
      return upsert(run)
    case 'modify':
      return modify(run)
    case 'delete':
      return remove(run)
    default:
      return statement.effect satisfies never
  }
}

interface Run {
  readonly connection: ShardConnection
  readonly statement: Statement
  readonly bound: BoundStatement
  readonly count: number
  /** Whether its text leaves marks. */
  readonly naming: boolean
}

const done: StatementResult = { kind: 'done' }
const duplicateEntry = 1062

async function create(run: Run): Promise<StatementResult> {
  const written = await write(run)
  if (!('error' in written)) return done
  const { error, failed } = written
  const isDuplicate = error.errno === duplicateEntry
  if (!isDuplicate && !isAlone(run)) return failed
  const there = await inspect(run)
  if (there.length > 0) return verdicts(there.map(({ row }) => ({ row, failure: exists(run) })))
  if (!isDuplicate) return failed
  // The object was there a moment ago and is gone by now: that is no verdict on anything.
  const { name } = run.bound.table
  if (keyOf(error) === `${name}.${keyIndex(run.bound.table)}`) throw changedMeanwhile(run)
  return failed
}

async function upsert(run: Run): Promise<StatementResult> {
  const written = await write(run)
  if (!('error' in written)) return done
  const { error, failed } = written
  const guard = upsertGuard(run.bound.table)
  const guarded = error.errno === guard.errno && columnOf(error) === guard.column.name
  if (!guarded && !isAlone(run)) return failed
  const unlike = (await inspect(run)).flatMap((found) => verdictOn(run, found))
  if (unlike.length > 0) return verdicts(unlike)
  return guarded ? { ...failed, failure: duplicateValue } : failed
}

async function modify(run: Run): Promise<StatementResult> {
  const stale = await inspectVersions(run)
  if (stale.length > 0) return verdicts(stale)
  const written = await write(run)
  if ('error' in written) return written.failed
  if (written.affectedRows === run.count) return done
  const mine = new Set<number>()
  const others = new Set<number>()
  for (const { row, mine: same } of await inspect(run)) (same ? mine : others).add(row)
  // A row that came or went between the statement and this read leaves the sum wrong.
  if (written.affectedRows !== mine.size) throw changedMeanwhile(run)
  const missing: RowVerdict[] = []
  for (let row = 0; row < run.count; row++) {
    if (others.has(row)) missing.push({ row, failure: elsewhere(run) })
    else if (!mine.has(row)) missing.push({ row, failure: notFound(run) })
  }
  return verdicts(missing)
}

async function remove(run: Run): Promise<StatementResult> {
  const stale = await inspectVersions(run)
  if (stale.length > 0) return verdicts(stale)
  const written = await write(run)
  return 'error' in written ? written.failed : done
}

/**
 * Whether an object that exists, or is another's, decides first: its values are wrong only where it
 * could be written at all, as merging has it too.
 */
function isAlone({ count }: Run): boolean {
  return count === 1
}

type Written =
  | { readonly affectedRows: number }
  | { readonly error: MysqlError; readonly failed: StatementFailure }

async function write(run: Run): Promise<Written> {
  const { connection, bound } = run
  try {
    if (run.naming) await clearMark(connection)
    const { sql, json } = bound.write
    const sent = json === undefined ? connection.writeText(sql) : connection.write(sql, [json])
    return { affectedRows: await sent }
  } catch (error) {
    const failure = rowFailureOf(error)
    if (!failure) throw error
    return { error: error as MysqlError, failed: await nameRow(run, error as MysqlError, failure) }
  }
}

async function nameRow(
  { connection, statement: { effect }, bound, count, naming }: Run,
  error: MysqlError,
  failure: RowFailure,
): Promise<StatementFailure> {
  const isNameable = leavesMark(effect, error)
  const row =
    rowInMessage(effect, error, { rows: count, inJson: bound.write.json !== undefined }) ??
    (naming && isNameable ? await rowAtMark(connection, count) : undefined)
  return { kind: 'failed', failure, isNameable, ...(row !== undefined && { row }) }
}

interface FoundRow {
  readonly row: number
  readonly mine: boolean
  readonly older: boolean
}

async function inspect({ connection, bound }: Run): Promise<FoundRow[]> {
  const { sql, json } = bound.inspect()
  const rows = await connection.read(sql, [json])
  return rows.map(({ row, mine, older }) => ({
    row: Number(row) - 1,
    mine: Number(mine) === 1,
    older: Number(older) === 1,
  }))
}

/** Rows whose stored version is not below theirs; what is found stays locked until the write. */
async function inspectVersions(run: Run): Promise<RowVerdict[]> {
  if (!run.bound.table.guard) return []
  const found = await inspect(run)
  return found.flatMap(({ row, mine, older }) =>
    mine && !older ? [{ row, failure: staleVersion(run) }] : [],
  )
}

function verdictOn(run: Run, { row, mine, older }: FoundRow): RowVerdict[] {
  if (!mine) return [{ row, failure: elsewhere(run) }]
  return older ? [] : [{ row, failure: staleVersion(run) }]
}

function verdicts(list: RowVerdict[]): StatementResult {
  return { kind: 'verdicts', verdicts: list }
}

const duplicateValue: RowFailure = {
  code: 'duplicate_value',
  message: 'another object has this value in a unique key already',
}

function exists({ statement }: Run): RowFailure {
  return { code: 'already_exists', message: `a ${statement.type.name} with this key exists` }
}

function notFound({ statement }: Run): RowFailure {
  return { code: 'not_found', message: `no ${statement.type.name} has this key` }
}

function elsewhere({ statement, bound }: Run): RowFailure {
  const shardKey = bound.table.shard.map(({ property }) => property).join(', ')
  return {
    code: 'not_found',
    message: `the ${statement.type.name} with this key has another ${shardKey}`,
  }
}

function staleVersion({ statement }: Run): RowFailure {
  return {
    code: 'stale',
    message: `the stored ${statement.type.name} has this ${statement.type.version} or a later one`,
  }
}

function changedMeanwhile({ bound }: Run): StoreError {
  return new StoreError(
    'retry',
    'CHANGED_MEANWHILE',
    `rows of ${bound.table.name} came or went while a statement looked at them`,
  )
}
