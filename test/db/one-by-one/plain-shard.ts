import { Buffer } from 'node:buffer'
import { getTableName } from 'drizzle-orm'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import type { JsonValue, Operation } from '../../../core/operation.ts'
import type {
  DatabaseColumn,
  DatabaseTable,
  DatabaseType,
} from '../../../db/types/database-type.ts'

/**
 * What each kind of operation does, one at a time, in plain statements of one row by mysql2: written
 * from the table in the README and from nothing else. Windows must come out as this does.
 */
export class PlainShard {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** `applied`, or the code of its failure; then nothing of it remains. */
  async apply(type: DatabaseType, operation: Operation): Promise<string> {
    await this.#connection.query('SAVEPOINT one')
    const failure = await this.#write(type, operation).catch(codeOf)
    if (failure !== undefined) await this.#connection.query('ROLLBACK TO SAVEPOINT one')
    return failure ?? 'applied'
  }

  async #write(type: DatabaseType, operation: Operation): Promise<string | undefined> {
    const tables = type.tables[operation.kind].map((index) => type.databaseTables[index]!)
    const isDelete = operation.kind === 'delete'
    for (const table of isDelete ? tables.reverse() : tables) {
      const failure = await this.#writeTable(type, table, operation)
      if (failure) return failure
    }
    return undefined
  }

  async #writeTable(
    type: DatabaseType,
    table: DatabaseTable,
    operation: Operation,
  ): Promise<string | undefined> {
    const { kind, object, by = {} } = operation
    const stored = await this.#find(table, operation)
    if (kind === 'create') {
      if (stored) return 'already_exists'
      return this.#insert(table, operation)
    }
    const isMine =
      stored && table.columns.every((c) => c.role !== 'shard' || Number(stored[`=${c.name}`]) === 1)
    if (kind === 'delete') {
      if (!isMine) return undefined
      if (isStale(type, table, stored, operation)) return 'stale'
      return this.#run(
        `DELETE FROM \`${table.name}\` WHERE ${whereKey(table)}`,
        keyOf(table, object),
      )
    }
    if (!stored && kind === 'upsert') return this.#insert(table, operation)
    if (!isMine) return 'not_found'
    if (isStale(type, table, stored, operation)) return 'stale'
    if (kind === 'upsert') return this.#insert(table, operation, 'ON DUPLICATE KEY UPDATE')
    const set = table.columns.filter((c) => c.role === 'value' && c.property in object)
    const added = table.columns.filter((c) => c.property in by)
    if (set.length + added.length === 0) return undefined
    const assignments = [
      ...set.map(({ name }) => `\`${name}\` = ?`),
      ...added.map(({ name }) => `\`${name}\` = \`${name}\` + ?`),
    ]
    return this.#run(
      `UPDATE \`${table.name}\` SET ${assignments.join()} WHERE ${whereKey(table)}`,
      [
        ...set.map((c) => plainValue(c, object[c.property]!)),
        ...added.map((c) => plainValue(c, by[c.property]!)),
        ...keyOf(table, object),
      ],
    )
  }

  async #find(table: DatabaseTable, { object }: Operation): Promise<RowDataPacket | undefined> {
    const shard = table.columns.filter(({ role }) => role === 'shard')
    const mine = shard.map(({ name }) => `, \`${name}\` = ? AS \`=${name}\``).join('')
    const [rows] = await this.#connection.execute<RowDataPacket[]>(
      `SELECT *${mine} FROM \`${table.name}\` WHERE ${whereKey(table)}`,
      [...shard.map((c) => plainValue(c, object[c.property]!)), ...keyOf(table, object)],
    )
    return rows[0]
  }

  /** `orElse`: a row that is there, as was found out before, takes the values that are given. */
  #insert(
    table: DatabaseTable,
    { object }: Operation,
    orElse?: 'ON DUPLICATE KEY UPDATE',
  ): Promise<undefined> {
    const given = table.columns.filter(({ property }) => property in object)
    const names = given.map(({ name }) => `\`${name}\``).join()
    const values = given.filter(({ role }) => role === 'value')
    const [key] = table.columns
    const set = values.map(({ name }) => `\`${name}\` = new.\`${name}\``)
    const update = set.length > 0 ? set.join() : `\`${key!.name}\` = new.\`${key!.name}\``
    return this.#run(
      `INSERT INTO \`${table.name}\` (${names}) VALUES (${given.map(() => '?').join()}) AS new${orElse ? ` ${orElse} ${update}` : ''}`,
      given.map((c) => plainValue(c, object[c.property]!)),
    )
  }

  async #run(text: string, values: readonly PlainValue[]): Promise<undefined> {
    await this.#connection.execute(text, [...values])
  }
}

type PlainValue = string | number | Buffer | null

function isStale(
  { version }: DatabaseType,
  { columns }: DatabaseTable,
  stored: RowDataPacket,
  { object }: Operation,
): boolean {
  const column = columns.find(({ property }) => property === version)
  return column !== undefined && Number(stored[column.name]) >= Number(object[column.property])
}

function whereKey({ columns }: DatabaseTable): string {
  const key = columns.filter(({ role }) => role === 'key')
  return key.map(({ name }) => `\`${name}\` = ?`).join(' AND ')
}

function keyOf({ columns }: DatabaseTable, object: Operation['object']): PlainValue[] {
  const key = columns.filter(({ role }) => role === 'key')
  return key.map((column) => plainValue(column, object[column.property]!))
}

/** A wire value as a program hands it to mysql2. */
function plainValue({ column }: DatabaseColumn, value: JsonValue): PlainValue {
  if (value === null) return null
  const type = column.getSQLType()
  if (/binary|blob/.test(type)) return Buffer.from(String(value), 'base64')
  if (/^(datetime|timestamp)/.test(type)) return String(value).replace('T', ' ').replace('Z', '')
  if (/^bit/.test(type)) return Number(value)
  return typeof value === 'number' ? value : String(value)
}

const codes: Readonly<Record<number, string>> = {
  1048: 'null_value',
  1062: 'duplicate_value',
  1264: 'out_of_range',
  1406: 'too_long',
  1451: 'foreign_key',
  1452: 'foreign_key',
  1644: 'rejected_by_trigger',
  1690: 'out_of_range',
  3819: 'check_violation',
}

function codeOf(error: { readonly errno?: number }): string {
  const code = codes[error.errno ?? 0]
  if (code === undefined) throw error
  return code
}

/** The rows of tables, in an order of their own, as texts that tell every byte apart. */
export async function rowsOf(
  connection: Connection,
  database: string,
  tables: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for (const [table, columns] of Object.entries(tables)) {
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT ${columns} FROM \`${database}\`.\`${table}\``,
    )
    found[table] = rows
  }
  return found
}

/** A select list that compares texts by their bytes, of all that MySQL stores in a type's tables. */
export function columnsOf(type: DatabaseType): Record<string, string> {
  return Object.fromEntries(type.databaseTables.map(({ table }) => [getTableName(table), '*']))
}
