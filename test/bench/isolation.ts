import { type Connection, createConnection } from 'mysql2/promise'
import { applyPlan } from '../../consumer/apply.ts'
import type { Operation, OperationKind, WireObject } from '../../core/operation.ts'
import { planWindow } from '../../core/plan.ts'
import { offset, shardId } from '../../core/position.ts'
import type { ShardSession } from '../../core/shard-store.ts'
import type { Source } from '../../core/source.ts'
import { migrate } from '../../db/migrate.ts'
import { MysqlStore } from '../../db/mysql-store.ts'
import { systemClock } from '../../runtime/clock.ts'
import { goodItem, partTables, typeOfTables } from '../db/isolation-types.ts'
import { median } from './median.ts'
import type { BenchServers } from './servers.ts'
import { dropDatabase } from './shard-database.ts'

/** What bad rows cost a batch of 1,000, by how they are found. */
export interface IsolationRow {
  readonly how: string
  readonly bad: number
  /** Of the whole transaction, COMMIT included. */
  readonly ms: number
  /** Beside the clean batch of the same kind. */
  readonly slowdown: number
  /** Statements on the type's tables; a clean batch is one. */
  readonly statements: number
}

const batchRows = 1000
const rounds = 7
const database = 'sluice_bench_isolation'
const type = typeOfTables(1)
const badCounts = [0, 1, 2, 10, 100]
const maxStatements = 2000

const ways: readonly { how: string; kind: OperationKind; bad: WireObject }[] = [
  {
    how: 'too long, create: the message names the row',
    kind: 'create',
    bad: { title0: 'too long' },
  },
  { how: 'check, create: a mark names the row', kind: 'create', bad: { n0: 99 } },
  { how: 'check, update: searched by halves', kind: 'update', bad: { n0: 99 } },
  { how: 'duplicate value, create: each in log order', kind: 'create', bad: { code0: 'taken' } },
]

export async function benchIsolation({ mysqlUrl }: BenchServers): Promise<IsolationRow[]> {
  const url = new URL(mysqlUrl)
  url.pathname = `/${database}`
  const shards = [{ shard: shardId(0), url: url.href }]
  const identity = { cluster: 'bench', map: '1 shard' }
  const log = { topic: 'bench.writes', logId: 'bench' }
  await dropDatabase(mysqlUrl, database)
  await migrate({
    ...{ ...identity, ...log, shards, ownTables: [partTables[0]!], types: [type] },
    earliest: () => offset(0),
  })
  const admin = await createConnection({ uri: url.href })
  await admin.query('ALTER TABLE part_0 MODIFY title VARCHAR(5), ADD CHECK (n < 50)')
  const store = new MysqlStore({ ...identity, shards, clock: systemClock })
  const session = await store.claim(shardId(0), {
    ...log,
    epoch: crypto.randomUUID(),
    owner: 'bench',
  })
  try {
    return await measureAll(session, admin)
  } finally {
    await session.close()
    await store.close()
    await admin.end()
    await dropDatabase(mysqlUrl, database)
  }
}

async function measureAll(session: ShardSession, admin: Connection): Promise<IsolationRow[]> {
  const measured: IsolationRow[] = []
  let next = 0
  for (const { how, kind, bad } of ways) {
    // In turns, since the machine's speed drifts.
    const times = badCounts.map((): number[] => [])
    const statements = badCounts.map(() => 0)
    for (let round = 0; round < rounds; round++) {
      for (const [i, count] of badCounts.entries()) {
        await fill(admin, kind)
        const window = await apply(session, next++, sourcesOf(kind, bad, count))
        times[i]!.push(window.ms)
        statements[i] = window.statements
      }
    }
    const clean = median(times[0]!)
    for (const [i, count] of badCounts.entries()) {
      const ms = median(times[i]!)
      measured.push({ how, bad: count, ms, slowdown: ms / clean, statements: statements[i]! })
    }
  }
  return measured
}

async function fill(admin: Connection, kind: OperationKind): Promise<void> {
  await admin.query('DELETE FROM part_0')
  await admin.query("INSERT INTO part_0 (id, user_id, code) VALUES (5000, 7, 'taken')")
  if (kind === 'create') return
  const rows = Array.from({ length: batchRows }, (_, i) => `(${i + 1}, 7, 0)`)
  await admin.query(`INSERT INTO part_0 (id, user_id, n) VALUES ${rows.join()}`)
}

function sourcesOf(kind: OperationKind, bad: WireObject, count: number): Source[] {
  const every = count === 0 ? Number.POSITIVE_INFINITY : batchRows / count
  return Array.from({ length: batchRows }, (_, index) => {
    const isBad = count > 0 && index % every === Math.floor(every / 2)
    const object = isBad ? { ...goodItem(index, 1), ...bad } : goodItem(index, 1)
    const operation: Operation = { index, type: type.name, kind, object }
    const end = { offset: offset(1), operation: 0 }
    return { operation, type, origin: { job: 'bench', tenant: 'bench' }, end }
  })
}

async function apply(session: ShardSession, at: number, sources: readonly Source[]) {
  const plan = planWindow(sources)
  const startMs = performance.now()
  const [from, to] = [at, at + 1].map((n) => ({ offset: offset(n), operation: 0 }))
  const transaction = await session.begin(from!, to!)
  if (transaction === 'fenced') throw new Error('another bench runs on this server')
  const { failed, statements } = await applyPlan(transaction, plan, maxStatements)
  await transaction.record({ failed, undecodable: [], superseded: new Map(), cancelled: new Map() })
  await transaction.commit()
  return { ms: performance.now() - startMs, statements }
}

export function isolationTable(rows: readonly IsolationRow[]): string {
  const lines = rows.map(({ how, bad, ms, slowdown, statements }) => {
    const cells = [how, bad, `${ms.toFixed(0)} ms`, slowdown.toFixed(1), statements]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '| bad rows | of 1,000 | transaction | beside a clean batch | statements |',
    '|---|---|---|---|---|',
    ...lines,
  ].join('\n')
}
