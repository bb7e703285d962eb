import type { ShardId } from '../core/position.ts'
import { StoreError } from '../core/shard-store.ts'

/** Where a shard's database is. */
export interface ShardAddress {
  readonly shard: ShardId
  /** `mysql://user:password@host:port/database`; mysql2's options may follow as a query. */
  readonly url: string
}

/** A shard as people know it, without its password: `shard 3 (db1:3306/sluice_3)`. */
export function describeAddress({ shard, url }: ShardAddress): string {
  const { host, pathname } = new URL(url)
  return `shard ${shard} (${host}${pathname})`
}

/** The database that the address names. */
export function databaseOf({ url }: ShardAddress): string {
  return decodeURIComponent(new URL(url).pathname.slice(1))
}

/** The address of one of the config's shards. Throws a `StoreError` for another one. */
export function addressOf(shards: readonly ShardAddress[], shard: ShardId): ShardAddress {
  const address = shards.find((candidate) => candidate.shard === shard)
  if (address) return address
  throw new StoreError('stop', 'UNKNOWN_SHARD', `the config has no shard ${shard}`)
}
