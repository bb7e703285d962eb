import type { ShardId } from '../core/position.ts'
import type { Claim, ShardHistory, ShardSession, ShardStore } from '../core/shard-store.ts'
import type { ClaimOptions } from './claim.ts'
import { checkIdentity } from './identity.ts'
import { KillSwitch } from './kill-switch.ts'
import { storeErrorOf } from './mysql-errors.ts'
import { MysqlShardHistory } from './position-history.ts'
import { TextRunner } from './run-statement.ts'
import {
  defaultStoreSettings,
  type SessionSettings,
  type StoreSettings,
  sideSettings,
  windowSettings,
} from './session-settings.ts'
import { addressOf, describeAddress, type ShardAddress } from './shard-address.ts'
import { ShardConnection } from './shard-connection.ts'
import { claimSession } from './shard-session.ts'

export interface MysqlStoreOptions {
  /** Which deployment and which shard map the databases must say they belong to. */
  readonly cluster: string
  readonly map: string
  /** By shard number. */
  readonly shards: readonly ShardAddress[]
  /** The time by which a claim waits for a row that another transaction holds. */
  readonly clock: ClaimOptions['clock']
  readonly settings?: Partial<StoreSettings>
}

/** The shards in MySQL. One window connection per claimed shard, one side connection per server. */
export class MysqlStore implements ShardStore {
  readonly #options: MysqlStoreOptions
  readonly #settings: StoreSettings
  readonly #statements = new TextRunner()
  /** By server: shards that share one share its kill switch. */
  readonly #killSwitches = new Map<string, KillSwitch>()

  constructor(options: MysqlStoreOptions) {
    this.#options = options
    this.#settings = { ...defaultStoreSettings, ...options.settings }
  }

  async claim(shard: ShardId, claim: Claim): Promise<ShardSession> {
    const address = addressOf(this.#options.shards, shard)
    const connect = () => this.#connect(address, windowSettings(this.#settings))
    const { stopsAtNarrowed } = this.#settings
    const options = { address, claim, connect, statements: this.#statements, stopsAtNarrowed }
    return await claimSession(options, { ...this.#settings, clock: this.#options.clock })
  }

  async history(shard: ShardId, log: Pick<Claim, 'topic' | 'logId'>): Promise<ShardHistory> {
    const address = addressOf(this.#options.shards, shard)
    const connection = await this.#connect(address, sideSettings(this.#settings))
    return new MysqlShardHistory(connection, address, log)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#killSwitches.values()].map((killSwitch) => killSwitch.close()))
    this.#killSwitches.clear()
  }

  async #connect(address: ShardAddress, settings: SessionSettings): Promise<ShardConnection> {
    const { connectTimeoutMs, statementTimeoutMs } = this.#settings
    const connection = await ShardConnection.open({
      ...{ address, connectTimeoutMs, statementTimeoutMs },
      settings,
      killSwitch: this.#killSwitch(address),
    })
    const { cluster, map } = this.#options
    try {
      await checkIdentity(connection, address, { cluster, map, shard: address.shard })
      // The read began a transaction, which must not outlive it.
      await connection.command('ROLLBACK')
      return connection
    } catch (error) {
      const why = storeErrorOf(error, describeAddress(address))
      connection.discard(why)
      throw why
    }
  }

  #killSwitch({ url }: ShardAddress): KillSwitch {
    const { host, username } = new URL(url)
    const server = `${username}@${host}`
    const killSwitch =
      this.#killSwitches.get(server) ?? new KillSwitch(url, this.#settings.connectTimeoutMs)
    this.#killSwitches.set(server, killSwitch)
    return killSwitch
  }
}
