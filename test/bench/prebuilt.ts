import type { Connection } from 'mysql2/promise'
import { createConnection } from 'mysql2/promise'
import type { Workload } from './workload.ts'

/** Built ahead of being timed, in operations per shard; all at once would take gigabytes. */
const operationsAhead = 100_000

/**
 * The ceiling of one connection per shard: a workload as statements that are built before the clock
 * runs, by mysql2. Resolves with seconds.
 */
export async function runPrebuilt(
  urls: readonly string[],
  workload: Workload,
  operationsPerShard: number,
): Promise<number> {
  const connections = await Promise.all(urls.map(connect))
  let seconds = 0
  for (let from = 0; from < operationsPerShard; from += operationsAhead) {
    const to = Math.min(operationsPerShard, from + operationsAhead)
    const texts = urls.map((_, shard) => transactions(workload, from, to, shard))
    const startMs = performance.now()
    await Promise.all(
      connections.map(async (connection, shard) => {
        for (const text of texts[shard]!) await connection.query(text)
      }),
    )
    seconds += (performance.now() - startMs) / 1000
  }
  await Promise.all(connections.map((connection) => connection.end()))
  return seconds
}

function connect(uri: string): Promise<Connection> {
  return createConnection({
    ...{ uri, timezone: 'Z', multipleStatements: true },
    // Texts are whole already: mysql2 would look through each for placeholders.
    queryFormat: (sql: string) => sql,
  })
}

/** One packet each. A single statement commits by itself. */
function transactions(workload: Workload, from: number, to: number, shard: number): string[] {
  const texts: string[] = []
  for (let i = from; i < to; i += workload.batch) {
    const statements = workload.prebuilt(i, Math.min(to, i + workload.batch), shard)
    const isAlone = statements.length === 1 && !statements[0]!.includes(';')
    texts.push(isAlone ? statements[0]! : ['BEGIN', ...statements, 'COMMIT'].join(';'))
  }
  return texts
}
