import type { Difference } from '../../demo/compare.ts'
import { freePort } from '../../setup/port.ts'
import { MysqlProxy } from '../db/mysql-proxy.ts'
import type { Runtime } from '../e2e/commands.ts'
import { get } from '../e2e/http.ts'
import { LocalDeployment, queryMysql, type RunningPart } from '../e2e/local-deployment.ts'
import type { ServiceProcess } from '../e2e/service-process.ts'
import { Audit } from './audit.ts'
import { eventually, within } from './eventually.ts'
import type { Stage } from './fault.ts'
import { Load } from './load.ts'
import type { Random } from './random.ts'
import type { FaultServers } from './servers.ts'

/** A worker that runs, with a wire to MySQL of its own. */
export interface FaultWorker extends RunningPart {
  readonly runtime: Runtime
  readonly wire: MysqlProxy
}

export interface WorldOptions {
  readonly servers: FaultServers
  readonly stage: Stage
  readonly random: Random
  readonly isHurried: boolean
}

/** Everything is shared out, or moves again, after this at the latest; a slow machine counts. */
const calmLimitMs = 40_000
const settleLimitMs = 120_000
/** Other tests take the machine's time where `npm test` runs this: times are held less strictly. */
const besideOthersMs = 10_000

/** Worker settings under which faults show soon. */
const impatient = { stoppedRetryMs: 1000, breakerWaitMs: 2000 }

/** A deployment on real servers, under load, to which things are done. */
export class FaultWorld {
  readonly servers: FaultServers
  readonly random: Random
  /** Whether long waits are to be short, as in `npm test`. */
  readonly isHurried: boolean
  readonly deployment: LocalDeployment
  readonly audit: Audit
  readonly load: Load
  readonly workers: FaultWorker[] = []
  /** What was measured, by name: the longest, in ms. */
  readonly measured = new Map<string, number>()
  /** What was counted, by name: that the deed was done, for whoever reads the table. */
  readonly counted = new Map<string, number>()
  /** What a fault found by itself that is not as it must be. */
  readonly differences: Difference[] = []
  readonly #stage: Stage
  readonly #wires: MysqlProxy[]
  #mysqlUrl: string
  #api: ServiceProcess | undefined

  private constructor(
    { servers, stage, random, isHurried }: WorldOptions,
    apiPort: number,
    home: MysqlProxy,
  ) {
    const { shards = 4, statementsPerSecond = 0, config = {}, clients = 3, pauseMs = 150 } = stage
    this.servers = servers
    this.#mysqlUrl = servers.mysql.url
    this.random = random
    this.isHurried = isHurried
    this.#stage = stage
    this.#wires = [home]
    this.deployment = new LocalDeployment({
      dataDir: servers.dataDir,
      mysqlUrl: home.through(servers.mysql.url),
      ...(stage.log !== 'embedded' && { kafkaBrokers: servers.kafka.brokers }),
      shards,
      statementsPerSecond,
      config: { ...config, worker: { ...impatient, ...config.worker } },
      env: { SLUICE_PORT: String(apiPort) },
    })
    this.audit = new Audit(this.deployment)
    this.load = new Load({
      url: `http://127.0.0.1:${apiPort}`,
      clients,
      pauseMs,
      random: random.fork(),
      belowZero: stage.belowZero ?? false,
    })
  }

  static async open(options: WorldOptions): Promise<FaultWorld> {
    const home = await MysqlProxy.open(options.servers.mysql.url)
    return new FaultWorld(options, await freePort(), home)
  }

  /** Sets the stage: databases, topics, API, workers, and the clients' first writes. */
  async setUp(): Promise<void> {
    const { workers = ['node', 'bun'], load = true } = this.#stage
    await this.deployment.migrate()
    await this.audit.install()
    await Promise.all([this.startApi(), ...workers.map((runtime) => this.startWorker(runtime))])
    await this.isShared()
    if (!load) return
    this.load.start()
    await this.movesOn()
  }

  get api(): ServiceProcess {
    return this.#api!
  }

  async startApi(runtime = this.#stage.api ?? 'deno'): Promise<void> {
    this.#api = (await this.deployment.startApi(runtime)).process
  }

  async startWorker(runtime: Runtime, env: NodeJS.ProcessEnv = {}): Promise<FaultWorker> {
    const wire = await MysqlProxy.open(this.#mysqlUrl)
    this.#wires.push(wire)
    const url = wire.through(this.#mysqlUrl)
    const part = await this.deployment.startWorker(runtime, { SLUICE_MYSQL_URL: url, ...env })
    const worker = { ...part, runtime, wire }
    this.workers.push(worker)
    return worker
  }

  /** Deals so with the next packet of a worker that has this in it; resolves once it came. */
  async onPacket({ wire }: FaultWorker, ...[pattern, act]: Parameters<MysqlProxy['set']>) {
    await within(calmLimitMs, `a worker sends ${pattern}`, wire.set(pattern, act))
  }

  /** Another server is the shards' from now on, for everybody at once. */
  failOverTo(mysqlUrl: string): void {
    this.#mysqlUrl = mysqlUrl
    for (const wire of this.#wires) wire.leadTo(mysqlUrl)
  }

  /** Cuts everybody's connections to MySQL. */
  cutAll(): void {
    for (const wire of this.#wires) wire.cut()
  }

  /** As an init system would. Resolves with the ms that it took; rejects unless it ended well. */
  async stopWorker(worker: FaultWorker): Promise<number> {
    this.forget(worker)
    const startMs = performance.now()
    const code = await worker.process.stop()
    if (code === 0) return performance.now() - startMs
    throw new Error(`a worker on ${worker.runtime} ended with ${code} when it was to stop`)
  }

  /** A worker is gone for good: it is not asked for anything any more. */
  forget(worker: FaultWorker): void {
    this.workers.splice(this.workers.indexOf(worker), 1)
  }

  /** Which shards a worker owns by their rows. */
  async shardsOf({ process: { pid } }: FaultWorker): Promise<number[]> {
    const owners = await this.owners()
    return [...owners.entries()].flatMap(([shard, owner]) => (owner === pid ? [shard] : []))
  }

  /** The process that owns each shard, by its row. */
  async owners(): Promise<number[]> {
    const sql = 'SELECT owner FROM sluice_offsets'
    const rows = await Promise.all(this.deployment.shardUrls.map((url) => queryMysql(url, sql)))
    return rows.map(([row]) => Number(String(row?.owner).split('/')[1]))
  }

  /** Waits until all shards have an owner that runs, and each worker has some. */
  async isShared(): Promise<void> {
    if (this.workers.length === 0) return
    await eventually('every worker has shards and is ready', calmLimitMs, async () => {
      const owners = await this.owners()
      const pids = this.workers.map(({ process: { pid } }) => pid)
      const enough = owners.length >= pids.length
      if (!owners.every((owner) => pids.includes(owner))) return false
      if (enough && !pids.every((pid) => owners.includes(pid))) return false
      const answers = await Promise.all(this.workers.map(({ url }) => get(`${url}/readyz`)))
      return answers.every(({ status }) => status === 200)
    })
  }

  /** Waits until each shard has moved once more. Resolves with the ms that it took. */
  async movesOn(sinceMs = Date.now(), limitMs = calmLimitMs): Promise<number> {
    const shards = this.deployment.databases.length
    return eventually('every shard moves', limitMs, async () => {
      const moves = (await this.audit.moves(sinceMs)).filter(({ from, to }) => from !== to)
      const first = Map.groupBy(moves, ({ shard }) => shard)
      if (first.size < shards) return false
      return Math.max(...Array.from(first.values(), ([move]) => move!.atMs)) - sinceMs
    })
  }

  /**
   * Waits until other owners have applied something on these shards since. Gives how long the last of
   * them took, by MySQL's account.
   */
  async takenOver(shards: readonly number[], victim: number, sinceMs: number): Promise<number> {
    const times = await eventually('other workers apply its shards', calmLimitMs, async () => {
      const moves = (await this.audit.moves(sinceMs)).filter(
        ({ owner, from, to }) => from !== to && !owner.includes(`/${victim}/`),
      )
      const firsts = shards.map((shard) => moves.find((move) => move.shard === shard)?.atMs)
      return firsts.every((atMs) => atMs !== undefined) && (firsts as number[])
    })
    return Math.max(...times) - sinceMs
  }

  /** Keeps the longest of a name, and rejects if it is longer than it may be. */
  measure(name: string, ms: number, mostMs = Infinity): void {
    this.measured.set(name, Math.max(ms, this.measured.get(name) ?? 0))
    if (ms > mostMs + (this.isHurried ? besideOthersMs : 0))
      throw new Error(`${name}: ${Math.round(ms)} ms, at most ${mostMs} allowed`)
  }

  count(name: string, number: number): void {
    this.counted.set(name, number + (this.counted.get(name) ?? 0))
  }

  /** Ends the load and waits until all that was accepted is settled. */
  async settled() {
    await this.load.pause()
    return this.load.settled(settleLimitMs)
  }

  /** Ends everything, however it is. */
  async close(): Promise<void> {
    this.load.giveUp()
    await this.deployment.destroy()
    await Promise.all(this.#wires.map((wire) => wire.close()))
  }
}
