import { getTableColumns } from 'drizzle-orm'
import { bigint, type MySqlColumn, mysqlTable } from 'drizzle-orm/mysql-core'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonValue } from '../../../core/operation.ts'
import { exactColumns } from './columns.ts'
import { type PlainValue, rowCount } from './exact-column.ts'
import { ServedTypes } from './served-type.ts'

/** One table with a column of every type, written through Sluice, and its twin, written plainly. */
const table = (name: string) =>
  mysqlTable(name, {
    id: bigint('id', { mode: 'bigint', unsigned: true }).primaryKey(),
    ...Object.fromEntries(
      Object.entries(exactColumns).map(([column, { builder }]) => [column, builder]),
    ),
  })
const exact = table('exact')
const twin = table('twin')
const columns = getTableColumns(exact) as unknown as Readonly<Record<string, MySqlColumn>>

/** A property's value in some row: on the wire and for mysql2. */
interface Cell {
  readonly name: string
  readonly wire: JsonValue
  readonly plain: PlainValue
}
type Row = readonly Cell[]

const all = Object.entries(exactColumns)
const nullRow: Row = all.map(([name]) => ({ name, wire: null, plain: null }))

/** Row `i` has each column's value `i`, from the beginning again where it has fewer; one is all NULL. */
function denseRows(shift = 0): Row[] {
  const rows = Array.from(
    { length: rowCount },
    (_, i): Row =>
      all.map(([name, { values }]) => {
        const [wire, plain] = values[(i + shift) % values.length]!
        return { name, wire, plain }
      }),
  )
  return [...rows, nullRow]
}

/** The same values, each row without others of the columns; one has none at all. */
function sparseRows(): Row[] {
  const rows = denseRows().map((row, i) => row.filter((_, j) => (i * 5 + j * 3) % 7 < 4))
  return [...rows, []]
}

let served: ServedTypes
let plain: Connection
let nextId = 1

beforeAll(async () => {
  served = await ServedTypes.start({ thing: { tables: [exact] } }, [twin])
  plain = await served.connect()
})
afterAll(() => served.stop())

const batches = {
  'all columns, one batch': { rows: denseRows(), each: false },
  'some columns, one batch': { rows: sparseRows(), each: false },
  'all columns, a request each': { rows: denseRows().slice(0, 4), each: true },
  'some columns, a request each': { rows: sparseRows().slice(0, 4), each: true },
}

describe.each(Object.entries(batches))('%s', (_, { rows, each }) => {
  test.each([
    ['create', false],
    ['upsert', false],
    ['upsert', true],
    ['update', true],
  ] as const)('%s of what is there: %#', async (op, isThere) => {
    const ids = rows.map(() => nextId++)
    if (isThere) {
      const before = denseRows(1)
      for (const [i, id] of ids.entries()) {
        await insertPlainly('exact', id, before[i % before.length]!)
        await insertPlainly('twin', id, before[i % before.length]!)
      }
    }
    const written = rows.map((row, i) => ({ id: ids[i]!, row }))
    const sent = op === 'update' ? written.filter(({ row }) => row.length > 0) : written
    await write(
      sent.map(({ id, row }) => ({ type: 'thing', op, object: { id, ...wireOf(row) } })),
      each,
    )
    for (const { id, row } of sent) {
      if (isThere) await updatePlainly(id, row)
      else await insertPlainly('twin', id, row)
    }
    await expectAlike(ids)
  })
})

test('increments, each column by amounts to its ends', async () => {
  const sums = all.flatMap(([name, { sums = [] }]) =>
    sums.map(([stored, amount]) => ({ id: nextId++, name, stored, amount })),
  )
  for (const { id, name, stored } of sums) {
    const row = [{ name, wire: null, plain: stored }]
    await insertPlainly('exact', id, row)
    await insertPlainly('twin', id, row)
  }
  await write(
    sums.map(({ id, name, amount }) => ({
      ...{ type: 'thing', op: 'increment', object: { id } },
      by: { [name]: amount },
    })),
    false,
  )
  for (const { id, name, amount } of sums) {
    const column = columns[name]!.name
    // mysql2 sends numbers as doubles and texts as texts, and `c + '1'` is a sum of doubles.
    const sum = isFloating(name) ? '? + 0e0' : 'CAST(? AS DECIMAL(65,30))'
    await plain.query(`UPDATE twin SET \`${column}\` = \`${column}\` + ${sum} WHERE id = ?`, [
      ...[amount as string | number, id],
    ])
  }
  await expectAlike(sums.map(({ id }) => id))
})

test('deletes leave nothing', async () => {
  const ids = denseRows().map(() => nextId++)
  for (const [i, id] of ids.entries()) await insertPlainly('exact', id, denseRows()[i]!)
  await write(
    ids.map((id) => ({ type: 'thing', op: 'delete', object: { id } })),
    false,
  )
  const [rows] = await plain.query('SELECT id FROM exact WHERE id IN (?)', [ids])
  expect(rows).toEqual([])
})

async function write(operations: readonly object[], each: boolean): Promise<void> {
  const requests = each ? operations.map((operation) => [operation]) : [operations]
  const receipts: string[] = []
  for (const request of requests) receipts.push(await served.publish(request))
  for (const receipt of receipts) expect(await served.failuresOf(receipt)).toEqual([])
}

function wireOf(row: Row): Record<string, JsonValue> {
  return Object.fromEntries(row.map(({ name, wire }) => [name, wire]))
}

/**
 * Not by `execute`: a prepared statement that once got a number for a DECIMAL column takes it for a
 * double from then on, and loses digits of the texts that follow.
 */
async function insertPlainly(into: 'exact' | 'twin', id: number, row: Row): Promise<void> {
  const names = ['id', ...row.map(({ name }) => columns[name]!.name)]
  await plain.query(
    `INSERT INTO ${into} (${names.map((name) => `\`${name}\``).join()}) VALUES (${names.map(() => '?').join()})`,
    [id, ...row.map((cell) => cell.plain)],
  )
}

async function updatePlainly(id: number, row: Row): Promise<void> {
  if (row.length === 0) return
  const set = row.map(({ name }) => `\`${columns[name]!.name}\` = ?`)
  await plain.query(`UPDATE twin SET ${set.join()} WHERE id = ?`, [
    ...row.map((cell) => cell.plain),
    id,
  ])
}

function isFloating(name: string): boolean {
  return /^(float|double|real)/.test(columns[name]!.getSQLType())
}

/** Compares bytes; floating numbers as doubles, since MySQL shows a FLOAT with six digits only. */
async function expectAlike(ids: readonly number[]): Promise<void> {
  const shown = all.map(([name]) => {
    const column = `\`${columns[name]!.name}\``
    return `${isFloating(name) ? `CAST(${column} + 0e0 AS CHAR)` : `HEX(CAST(${column} AS BINARY))`} AS \`${name}\``
  })
  const read = async (from: string) => {
    const [rows] = await plain.query<RowDataPacket[]>(
      `SELECT id, ${shown.join()} FROM ${from} WHERE id IN (?) ORDER BY id`,
      [ids],
    )
    return rows
  }
  const [mine, expected] = [await read('exact'), await read('twin')]
  expect(expected).toHaveLength(ids.length)
  expect(mine.map(differencesTo(expected))).toEqual(expected.map(() => []))
}

function differencesTo(expected: readonly RowDataPacket[]) {
  return (row: RowDataPacket, i: number) =>
    Object.keys(row).flatMap((name) =>
      row[name] === expected[i]![name]
        ? []
        : [`${name}: ${shorten(row[name])}, expected ${shorten(expected[i]![name])}`],
    )
}

function shorten(value: unknown): string {
  return String(value).slice(0, 80)
}
