import { crc32 } from 'node:zlib'
import type { Worker, WorkerLimits } from '../../consumer/worker.ts'
import { startWorker } from '../../consumer/worker.ts'
import type { Clock } from '../../core/clock.ts'
import { LogError } from '../../core/log.ts'
import type { ObjectType } from '../../core/object-type.ts'
import { offset } from '../../core/position.ts'
import type { ShardHistory } from '../../core/shard-store.ts'
import { defaultStoreSettings } from '../../db/session-settings.ts'
import { claimSession } from '../../db/shard-session.ts'
import { workerLimits } from '../support/worker-limits.ts'
import { ModelConnection, modelRunner } from './model-connection.ts'
import type { ModelMysql } from './model-mysql.ts'
import { type LogCluster, SimulatedLog } from './simulated-log.ts'
import { SimulatedProcess } from './simulated-process.ts'
import type { World } from './world.ts'

/** Until somebody starts a worker again that is gone. */
const restartMeanMs = 3_000
/** A worker that was told to stop has this long, before it is killed. */
const stopGraceMs = 60_000

export interface WorkerSettings {
  readonly limits: Partial<WorkerLimits>
  readonly pullSize: number
  readonly statementsPerSecond: number
  /** A type that workers know only once they are upgraded. */
  readonly newType: string | undefined
}

interface Running {
  readonly process: SimulatedProcess
  readonly worker: Worker | undefined
}

/** The workers' processes: as many as a seed has, each started again when it is gone. */
export class Fleet {
  readonly #world: World
  readonly #cluster: LogCluster
  readonly #servers: readonly ModelMysql[]
  readonly #types: ReadonlyMap<string, ObjectType>
  readonly #settings: WorkerSettings
  readonly #running: Running[] = []
  #isEnding = false
  #isUpgraded = false
  #starts = 0
  #epochs = 0

  constructor(
    world: World,
    cluster: LogCluster,
    servers: readonly ModelMysql[],
    types: ReadonlyMap<string, ObjectType>,
    settings: WorkerSettings,
  ) {
    this.#world = world
    this.#cluster = cluster
    this.#servers = servers
    this.#types = new Map([...types].map(([name, type]) => [name, withTables(type)]))
    this.#settings = settings
  }

  /** Starts the worker of a place, and again whenever it is gone. */
  start(place: number): void {
    if (this.#isEnding) return
    const process = new SimulatedProcess(`worker-${place}.${++this.#starts}`, this.#world)
    process.note('starts')
    const wasUpgraded = this.#isUpgraded
    process.whenDead(() => this.#startLater(place))
    this.#running[place] = { process, worker: undefined }
    this.#startWorker(process).then(
      (worker) => {
        this.#running[place] = { process, worker }
        if (wasUpgraded !== this.#isUpgraded) this.restart(place)
        worker.done.catch((error: Error) => this.#world.fail(`${process.name} ended: ${error}`))
      },
      // As its supervisor would do.
      (error) => {
        if (!(error instanceof LogError))
          this.#world.fail(`${process.name} did not start: ${error}`)
        process.die()
      },
    )
  }

  /** Stops a worker as SIGTERM would, and starts it again. */
  restart(place: number): void {
    const { process, worker } = this.#running[place]!
    if (!worker || process.isDead) return
    process.note('is asked to stop')
    void worker.stop().then(() => process.die())
    this.#world.after(stopGraceMs, () => process.die())
  }

  /** Whether one stands still at present. */
  get isPaused(): boolean {
    return this.#running.some(({ process }) => process.isPaused && !process.isDead)
  }

  /** Workers of a later version: one after the other, as they would be rolled out. */
  upgrade(): void {
    if (this.#isUpgraded) return
    this.#isUpgraded = true
    for (const place of this.#running.keys()) this.restart(place)
  }

  /** Stops all of them; false if one does not end in time. */
  async stop(): Promise<boolean> {
    this.#isEnding = true
    let isStopped = false
    const workers = this.#running.flatMap(({ process, worker }) =>
      worker && !process.isDead ? [worker.stop()] : [],
    )
    void Promise.all(workers).then(() => {
      isStopped = true
    })
    await this.#world.clock.runUntil(() => isStopped, stopGraceMs).catch(() => {})
    return isStopped
  }

  #startLater(place: number): void {
    const { random, faults } = this.#world
    const ms = faults.areOver ? 0 : random.aroundMs(restartMeanMs)
    this.#world.after(ms, () => this.start(place))
  }

  #startWorker(process: SimulatedProcess): Promise<Worker> {
    const { limits, pullSize, statementsPerSecond } = this.#settings
    return startWorker({
      log: new SimulatedLog(this.#cluster, process),
      store: this.#store(process),
      types: this.#knownTypes(),
      checksum: crc32,
      clock: process.clock,
      alerts: { raise: ({ shard, code }) => process.note(`alert for shard ${shard}: ${code}`) },
      limits: { ...workerLimits, ...limits },
      owner: process.name,
      newEpoch: () => `epoch-${++this.#epochs}`,
      reportError: (_where, error) => process.note(`mistake: ${(error as Error).stack}`),
      shardLimits: () => ({ pullSize, statementsPerSecond, rowsPerSecond: Infinity }),
    })
  }

  #knownTypes(): ReadonlyMap<string, ObjectType> {
    const { newType } = this.#settings
    if (this.#isUpgraded) return this.#types
    return new Map([...this.#types].filter(([name]) => name !== newType))
  }

  /** The shards through the adapter's own claims and sessions, over connections to the model. */
  #store(process: SimulatedProcess) {
    return {
      claim: (shard: number, claim: Parameters<typeof ModelConnection.open>[2]) => {
        const server = this.#servers[shard]!
        const connect = () => ModelConnection.open(process, server, claim)
        const address = { shard: server.shard, url: `mysql://model/sluice_${shard}` }
        const options = { address, claim, connect, statements: modelRunner }
        const settings = { ...defaultStoreSettings, clock: process.clock }
        return claimSession({ ...options, stopsAtNarrowed: false }, settings)
      },
      history: async () => noHistory(process.clock),
      close: async () => {},
    }
  }
}

/** Errors name the table. */
function withTables(type: ObjectType): ObjectType {
  const tables = [...new Set(Object.values(type.tables).flat())]
  const databaseTables = tables.sort((a, b) => a - b).map((table) => ({ name: `table_${table}` }))
  return Object.assign({}, type, { databaseTables })
}

/** Of a shard that has just begun, always: the log keeps everything, so that any state can be restored. */
function noHistory(clock: Pick<Clock, 'epochMs'>): ShardHistory {
  return {
    read: async () => ({ nowMs: clock.epochMs(), offset: offset(0), past: [] }),
    note: async () => {},
    forget: async () => {},
    close: async () => {},
  }
}
