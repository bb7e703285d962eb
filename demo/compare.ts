import { isDeepStrictEqual } from 'node:util'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { createConnection } from 'mysql2/promise'
import type { DemoClient, DemoJob } from './client.ts'
import type { DemoModel } from './model.ts'

export interface Comparison {
  readonly rows: number
  readonly failures: number
  readonly differences: readonly Difference[]
}

/** What is not as it must be. */
export interface Difference {
  readonly kind: 'lost' | 'doubled' | 'wrong'
  /** For people. */
  readonly what: string
}

const shownDifferences = 10

/** One table of the default config, as the demo reads it back. */
interface ComparedTable {
  readonly table: string
  readonly type: keyof DemoModel['rows']
  /** Columns by the property that must stand in them. */
  readonly columns: Readonly<Record<string, string>>
  /** What a row holds that the model does not name. */
  readonly defaults: Readonly<Record<string, unknown>>
}

const tables: readonly ComparedTable[] = [
  {
    table: 'users',
    type: 'user',
    columns: { id: 'id', username: 'username', email: 'email', createdAt: 'created_at' },
    defaults: {},
  },
  {
    table: 'boards',
    type: 'board',
    columns: { id: 'id', userId: 'user_id', name: 'name', createdAt: 'created_at' },
    defaults: {},
  },
  {
    table: 'pins',
    type: 'pin',
    columns: {
      id: 'id',
      userId: 'user_id',
      boardId: 'board_id',
      title: 'title',
      link: 'link',
      metadata: 'metadata',
      saves: 'saves',
      createdAt: 'created_at',
    },
    defaults: { link: null, metadata: null, saves: 0 },
  },
  {
    table: 'board_pins',
    type: 'pin',
    columns: { id: 'pin_id', userId: 'user_id', boardId: 'board_id', createdAt: 'created_at' },
    defaults: {},
  },
]

/** Holds every row of every shard, and every job's failures, against the model. */
export async function compare(
  shardUrls: readonly string[],
  model: DemoModel,
  client: DemoClient,
  jobs: readonly DemoJob[],
): Promise<Comparison> {
  const { rows, differences } = await compareRows(shardUrls, model)
  let failures = 0
  for (const [i, job] of jobs.entries()) {
    const found = await client.failures(job.receipt)
    failures += found.size
    if (isDeepStrictEqual(sorted(found), sorted(job.expected))) continue
    const what = `job ${i} has other failures: ${describe(found, job.expected)}`
    differences.push({ kind: 'wrong', what })
  }
  return { rows, failures, differences }
}

/** Holds every row of every shard against the model. */
export async function compareRows(
  shardUrls: readonly string[],
  model: DemoModel,
): Promise<{ readonly rows: number; readonly differences: Difference[] }> {
  const differences: Difference[] = []
  let rows = 0
  for (const table of tables) {
    const expected = new Map(model.rows[table.type])
    for (const url of shardUrls) {
      for (const found of await readTable(url, table)) {
        rows++
        differences.push(...compareRow(table, found, expected.get(String(found.id))))
        expected.delete(String(found.id))
      }
    }
    for (const id of expected.keys()) {
      differences.push({ kind: 'lost', what: `${table.table} ${id} is missing` })
    }
  }
  return { rows, differences }
}

export function describeDifferences(differences: readonly Difference[]): string {
  const more = differences.length - shownDifferences
  const shown = differences.slice(0, shownDifferences).map(({ what }) => what)
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('\n')
}

async function readTable(url: string, { table, columns }: ComparedTable): Promise<RowDataPacket[]> {
  const selected = Object.entries(columns).map(([property, column]) => `${column} AS ${property}`)
  let connection: Connection | undefined
  try {
    connection = await createConnection({
      uri: url,
      dateStrings: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
    })
    await connection.query("SET time_zone = '+00:00'")
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT ${selected.join(', ')} FROM ${table}`,
    )
    return rows
  } finally {
    await connection?.end()
  }
}

function compareRow(
  { table, columns, defaults }: ComparedTable,
  found: RowDataPacket,
  expected: Readonly<Record<string, unknown>> | undefined,
): Difference[] {
  if (!expected) return [{ kind: 'wrong', what: `${table} ${found.id} should not be there` }]
  return Object.keys(columns).flatMap((property): Difference[] => {
    const value = asStored(property, expected[property] ?? defaults[property])
    const stored = asText(found[property])
    if (isDeepStrictEqual(value, stored)) return []
    const what = `${table} ${found.id} has another ${property}`
    if (property !== 'saves') return [{ kind: 'wrong', what }]
    const kind = Number(stored) > Number(value) ? 'doubled' : 'lost'
    return [{ kind, what: `${what}: ${stored} instead of ${value}` }]
  })
}

/** Date-times as MySQL tells them; numbers as texts on both sides. */
function asStored(property: string, value: unknown): unknown {
  if (property !== 'createdAt') return asText(value)
  return String(value).replace('T', ' ').replace('+00:00', '')
}

function asText(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value
}

function sorted(failures: ReadonlyMap<number, string>): [number, string][] {
  return [...failures].sort(([a], [b]) => a - b)
}

function describe(
  found: ReadonlyMap<number, string>,
  expected: ReadonlyMap<number, string>,
): string {
  for (const [index, code] of expected) {
    if (found.get(index) !== code) return `operation ${index}: ${found.get(index)}, not ${code}`
  }
  const [index, code] = [...found].find(([index]) => !expected.has(index))!
  return `operation ${index}: ${code}, not applied`
}
