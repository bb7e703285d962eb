import { Buffer } from 'node:buffer'
import { sql } from 'drizzle-orm'
import {
  type BlockId,
  blockBytes,
  type RequestBlock,
  type RequestChanges,
} from '../core/request-blocks.ts'
import { columnNames, jsonParts, jsonRows } from './json-rows.ts'
import { requests } from './schema.ts'
import type { ShardConnection } from './shard-connection.ts'
import { textOf } from './sql-text.ts'

/** Reads which operations of keyed requests are settled. Rejects with MySQL's error. */
export async function readRequests(
  connection: ShardConnection,
  blocks: readonly BlockId[],
): Promise<readonly RequestBlock[]> {
  const found: RequestBlock[] = []
  const ids = blocks.map(({ tenant, key, block }) => [tenant, key, block])
  for (const part of jsonParts(ids, connection.maxPacketBytes)) {
    for (const row of await connection.read(selectBlocks, [part])) {
      found.push({
        ...{ tenant: String(row.tenant), key: String(row.request_key), block: Number(row.block) },
        ...{ digest: String(row.digest), publishedAtMs: Number(row.published_at) },
        done: unpack(String(row.done)),
      })
    }
  }
  return found
}

/** Writes what of them is settled now, and forgets some of what is too old to matter. */
export async function writeRequests(
  connection: ShardConnection,
  { blocks, forget }: RequestChanges,
): Promise<void> {
  const rows = blocks.map(({ tenant, key, block, digest, done, publishedAtMs }) => [
    ...[tenant, key, block, digest],
    ...[pack(done), publishedAtMs],
  ])
  for (const part of jsonParts(rows, connection.maxPacketBytes)) {
    await connection.write(upsertBlocks, [part])
  }
  // As texts: a LIMIT takes no DOUBLE, which mysql2 makes of numbers.
  if (forget && forget.beforeMs > 0) {
    await connection.write(deleteOld, [String(forget.beforeMs), String(forget.rows)])
  }
}

function pack(done: Uint8Array): string {
  const end = done.findLastIndex((byte) => byte !== 0) + 1
  return Buffer.from(done.buffer, done.byteOffset, end).toString('base64')
}

function unpack(text: string): Uint8Array {
  const done = new Uint8Array(blockBytes)
  done.set(Buffer.from(text, 'base64'))
  return done
}

const idColumns = `
  tenant TEXT PATH '$[0]' ERROR ON ERROR, request_key TEXT PATH '$[1]' ERROR ON ERROR,
  block INT UNSIGNED PATH '$[2]' ERROR ON ERROR`

// The stored texts' collation is binary: it wins over the parameter's, and the index serves. It is
// forced, since the optimizer knows little of a table that was small a minute ago.
export const selectBlocks = textOf(
  sql`SELECT ${requests.tenant}, ${requests.requestKey}, ${requests.block}, ${requests.digest}, TO_BASE64(${requests.done}) AS done, ${requests.publishedAt} FROM ${jsonRows(idColumns)} STRAIGHT_JOIN ${requests} FORCE INDEX (PRIMARY) ON ${requests.tenant} = new.tenant AND ${requests.requestKey} = new.request_key AND ${requests.block} = new.block FOR UPDATE OF ${requests}`,
)

const blockColumns = `${idColumns}, digest TEXT PATH '$[3]' ERROR ON ERROR,
  done TEXT PATH '$[4]' ERROR ON ERROR, published_at BIGINT UNSIGNED PATH '$[5]' ERROR ON ERROR`

const upsertBlocks = textOf(
  sql`INSERT INTO ${requests} (${columnNames(requests.tenant, requests.requestKey, requests.block, requests.digest, requests.done, requests.publishedAt)}) SELECT new.tenant, new.request_key, new.block, new.digest, FROM_BASE64(new.done), new.published_at FROM ${jsonRows(blockColumns)} ON DUPLICATE KEY UPDATE ${requests.digest} = new.digest, ${requests.done} = FROM_BASE64(new.done), ${requests.publishedAt} = new.published_at`,
)

const any = sql.placeholder('value')
const deleteOld = textOf(
  sql`DELETE FROM ${requests} WHERE ${requests.publishedAt} < ${any} ORDER BY ${requests.publishedAt} LIMIT ${any}`,
)
