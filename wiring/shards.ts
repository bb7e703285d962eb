import type { Config } from '../config/compile-config.ts'
import { requiredPacketBytes } from '../config/server-limits.ts'
import type { Settings } from '../config/settings.ts'
import type { Log } from '../core/log.ts'
import { shardId } from '../core/position.ts'
import { StoreError } from '../core/shard-store.ts'
import { checkShard, type ShardExpectation } from '../db/check-shard.ts'
import { MysqlJobStore } from '../db/job-store.ts'
import { MysqlStore } from '../db/mysql-store.ts'
import type { StoreSettings } from '../db/session-settings.ts'
import { defaultStoreSettings } from '../db/session-settings.ts'
import type { ShardAddress } from '../db/shard-address.ts'
import { systemClock } from '../runtime/clock.ts'

/** Where the shards are; undefined if the config knows no URL for one of them. */
function shardAddresses({ shards }: Config): readonly ShardAddress[] | undefined {
  const addresses: ShardAddress[] = []
  for (const [shard, url] of shards.urls.entries()) {
    if (url === undefined) return undefined
    addresses.push({ shard: shardId(shard), url })
  }
  return addresses
}

export function requireAddresses(config: Config): readonly ShardAddress[] {
  const addresses = shardAddresses(config)
  if (addresses) return addresses
  const shard = config.shards.urls.indexOf(undefined)
  throw new Error(
    `the config has no URL for shard ${shard}: set SLUICE_MYSQL_URL to the server of the default config's shards (mysql://user:password@host:port), or give each shard's URL in the config`,
  )
}

/** What the shards' databases must say of themselves. */
export function expectationOf(config: Config, settings: Settings, log: Log): ShardExpectation {
  return {
    cluster: settings.topicPrefix,
    map: config.shards.map,
    topic: log.topic,
    logId: log.logId,
    types: [...config.types.values()],
    packetBytes: requiredPacketBytes(config),
  }
}

/**
 * Rejects with the first `StoreError` that says something is missing or wrong on a shard. One that
 * does not answer is told to `warn`: a worker serves the others meanwhile, and tries it again.
 */
export async function checkShards(
  addresses: readonly ShardAddress[],
  expected: ShardExpectation,
  settings: StoreSettings,
  warn: (line: string) => void,
): Promise<void> {
  for (const address of addresses) {
    try {
      await checkShard(address, expected, settings)
    } catch (error) {
      if (!(error instanceof StoreError) || error.action === 'stop') throw error
      warn(`${error.message}; going on without it, and trying again`)
    }
  }
}

export function storeSettings({ worker }: Pick<Config, 'worker'>): StoreSettings {
  const { statementTimeoutMs, lockWaitSeconds, failingAlikeJobs } = worker
  // Whoever has the failures of many jobs recorded wants those of a changed table too.
  const stopsAtNarrowed = failingAlikeJobs > 0
  return { ...defaultStoreSettings, statementTimeoutMs, lockWaitSeconds, stopsAtNarrowed }
}

export function createStore(config: Config, settings: Settings): MysqlStore {
  return new MysqlStore({
    cluster: settings.topicPrefix,
    map: config.shards.map,
    shards: requireAddresses(config),
    settings: storeSettings(config),
    clock: systemClock,
  })
}

/** Undefined where the config knows no credentials of the shards. */
export function createJobStore(config: Config, log: Log): MysqlJobStore | undefined {
  const shards = shardAddresses(config)
  return shards && new MysqlJobStore({ topic: log.topic, shards, settings: storeSettings(config) })
}
