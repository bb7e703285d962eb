import type { ObjectType } from './object-type.ts'
import type { PlannedRow } from './planned-row.ts'
import type { Effect, Statement } from './statement.ts'

/**
 * Rows of one type and effect that stand at one level of a plan, and so share statements.
 *
 * Levels order what one window does: each stage has deletes, then inserts, then modifications. An
 * operation that can't be merged with an earlier one on its key goes to a later level.
 */
const levelsPerStage = 3
const placeInStage: Readonly<Record<Effect, number>> = {
  delete: 0,
  create: 1,
  upsert: 1,
  modify: 2,
}

/** The first level above `level` at which an effect may run; -1 is before everything. */
export function levelAfter(level: number, effect: Effect): number {
  const place = placeInStage[effect]
  const stage = Math.floor(level / levelsPerStage)
  return level < stage * levelsPerStage + place
    ? stage * levelsPerStage + place
    : (stage + 1) * levelsPerStage + place
}

/** Where rows stand in the order of running. */
type RunningPlace = Pick<StatementGroup, 'type' | 'effect' | 'level'>

/** By level; within one, parents' types before children's, deletes the other way round. */
export function inRunningOrder(a: RunningPlace, b: RunningPlace): number {
  if (a.level !== b.level) return a.level - b.level
  const byType = a.type.ordinal - b.type.ordinal
  if (byType !== 0) return a.effect === 'delete' ? -byType : byType
  return a.effect === b.effect ? 0 : a.effect < b.effect ? -1 : 1
}

/** Whether `a` runs after `b`. */
export function runsBehind(a: RunningPlace, b: RunningPlace): boolean {
  return inRunningOrder(a, b) > 0
}

/** A statement that knows which operations each of its rows stands for. */
export interface PlannedStatement extends Statement {
  readonly rows: readonly PlannedRow[]
}

export class StatementGroup {
  readonly type: ObjectType
  readonly effect: Effect
  readonly level: number
  readonly rows: PlannedRow[] = []
  readonly #statementBytes: number
  /** Rows per table, by index into the type's tables, and their bytes. */
  readonly #rowsInTable: number[] = []
  readonly #bytesInTable: number[] = []

  constructor(type: ObjectType, effect: Effect, level: number, statementBytes = Infinity) {
    this.type = type
    this.effect = effect
    this.level = level
    this.#statementBytes = statementBytes
  }

  get rowsPerStatement(): number {
    const limits = this.type.rowsPerStatement
    // One statement serves both kinds, so the lower limit holds.
    return this.effect === 'modify'
      ? Math.min(limits.update, limits.increment)
      : limits[this.effect]
  }

  /** How many statements the group grows by when so many rows or bytes are added to these tables. */
  costOf(tables: readonly number[], rows: number, bytes: number): number {
    let statements = 0
    for (const table of tables) {
      const rowsNow = this.#rowsInTable[table] ?? 0
      const bytesNow = this.#bytesInTable[table] ?? 0
      statements += this.#statementsOf(rowsNow + rows, bytesNow + bytes)
      statements -= this.#statementsOf(rowsNow, bytesNow)
    }
    return statements
  }

  count(tables: readonly number[], rows: number, bytes: number): void {
    for (const table of tables) {
      this.#rowsInTable[table] = (this.#rowsInTable[table] ?? 0) + rows
      this.#bytesInTable[table] = (this.#bytesInTable[table] ?? 0) + bytes
    }
  }

  /**
   * Statements that the rows are cut into at most, in whatever order they are. A statement that was
   * closed for its bytes and the one behind it have more than the limit between them: so there are
   * fewer of those than twice the bytes have limits in them.
   */
  #statementsOf(rows: number, bytes: number): number {
    const byRows = Math.ceil(rows / this.rowsPerStatement)
    const limit = this.#statementBytes
    return bytes <= limit ? byRows : byRows + Math.floor((2 * bytes) / limit)
  }

  /** The group's statements: parents' tables before children's, deletes the other way round. */
  statements(): PlannedStatement[] {
    const { type, effect, rows } = this
    // Rows of one statement lock in the primary key's order, as those of every other window do. Where
    // one row decides about the next they keep log order, which MySQL keeps for all but deletes.
    const keepsLogOrder = type.ordered || (type.entangled && effect !== 'delete')
    if (!keepsLogOrder) rows.sort((a, b) => type.compareKeys(a.set, b.set))
    const chunks = new ChunkedRows(rows, this.rowsPerStatement, this.#statementBytes)
    const perTable = this.#rowsInTable.map((count, table) =>
      chunks.ofTable(table, count).map((chunk) => ({ type, table, effect, rows: chunk })),
    )
    return (effect === 'delete' ? perTable.reverse() : perTable).flat()
  }
}

/** Cuts rows into statements; tables that take all rows share the same arrays. */
class ChunkedRows {
  readonly #rows: readonly PlannedRow[]
  readonly #rowsPerChunk: number
  readonly #bytesPerChunk: number
  #shared: PlannedRow[][] | undefined

  constructor(rows: readonly PlannedRow[], rowsPerChunk: number, bytesPerChunk: number) {
    this.#rows = rows
    this.#rowsPerChunk = rowsPerChunk
    this.#bytesPerChunk = bytesPerChunk
  }

  ofTable(table: number, count: number): PlannedRow[][] {
    if (count < this.#rows.length) {
      return this.#cut(this.#rows.filter((row) => row.tables.includes(table)))
    }
    this.#shared ??= this.#cut(this.#rows)
    return this.#shared
  }

  #cut(rows: readonly PlannedRow[]): PlannedRow[][] {
    const chunks: PlannedRow[][] = []
    let start = 0
    let bytes = 0
    for (const [i, row] of rows.entries()) {
      const isFull = i - start === this.#rowsPerChunk || bytes + row.bytes > this.#bytesPerChunk
      if (isFull && i > start) {
        chunks.push(rows.slice(start, i))
        start = i
        bytes = 0
      }
      bytes += row.bytes
    }
    if (start < rows.length) chunks.push(rows.slice(start))
    return chunks
  }
}
