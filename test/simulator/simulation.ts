import { shardId } from '../../core/position.ts'
import { MemoryLog } from '../support/memory-log.ts'
import { ModelTables } from '../support/model-tables.ts'
import type { ModelType } from '../support/model-type.ts'
import { withRowsPerStatement } from '../support/model-type.ts'
import { entangledTypes, separateTypes } from '../support/sample-types.ts'
import { Fleet, type WorkerSettings } from './fleet.ts'
import { ModelMysql } from './model-mysql.ts'
import { Promises } from './promises.ts'
import { jobOf, SentLog } from './sent-log.ts'
import { newShard, positionOf, type ShardState } from './shard-state.ts'
import { LogCluster } from './simulated-log.ts'
import { Traffic } from './traffic.ts'
import { World } from './world.ts'

/** Virtual time in which things go wrong and requests come. */
const mostTroubledMs = 60_000
/** After that, all must be settled within this time. */
const mostSettlingMs = 1_800_000
const afterwardsMs = 5_000
/** Until the workers are of the version that the APIs have already. */
const upgradeMeanMs = 20_000
/** How often something that nobody asked for may happen. */
const disturbanceMeanMs = 500
const maxRequests = 16

export interface SimulationResult {
  readonly seed: number
  /** Of all that happened: the same seed gives the same. */
  readonly hash: string
  readonly counts: ReadonlyMap<string, number>
  /** The first promise that was broken. */
  readonly problem?: string
}

/** Runs one seed from its first request to the last operation settled. */
export async function simulate(
  seed: number,
  print?: (line: string) => void,
): Promise<SimulationResult> {
  const world = new World(seed, print)
  await new Simulation(world).run()
  const { problem, faults, trace } = world
  return {
    ...{ seed, hash: trace.digest(), counts: faults.counts },
    ...(problem !== undefined && { problem }),
  }
}

class Simulation {
  readonly #world: World
  readonly #types: readonly ModelType[]
  readonly #log: MemoryLog
  readonly #promises: Promises
  readonly #servers: readonly ModelMysql[]
  readonly #fleet: Fleet
  readonly #workers: number
  readonly #traffic: Traffic

  constructor(world: World) {
    const { random } = world
    this.#world = world
    const rowsPerStatement = withRowsPerStatement(random.integer(1, 6))
    const list = random.chance(0.8) ? separateTypes : entangledTypes
    this.#types = list.map((type) => ({ ...type, rowsPerStatement }))
    const empty = new ModelTables(this.#types)
    this.#log = new MemoryLog(world.clock, random.integer(1, 3))
    const sent = new SentLog(this.#log)
    this.#promises = new Promises(world, sent, this.#log.logId, empty)
    this.#servers = this.#log.messages.map((_, n) => {
      const shard = shardId(n)
      const state = newShard(empty, this.#log, n)
      return new ModelMysql(shard, world, state, (session, before, after) =>
        this.#promises.checkCommit(session, shard, before, after),
      )
    })
    const parts = { world, log: this.#log, sent, promises: this.#promises }
    this.#traffic = new Traffic(parts, this.#types, (request) => {
      const { failures } = this.#servers[request.shard]!.state.records
      return failures.get(jobOf(request)) ?? new Map()
    })
    this.#workers = random.integer(1, 3)
    const cluster = new LogCluster(this.#log, world)
    const types = new Map(this.#types.map((type) => [type.name, type]))
    this.#fleet = new Fleet(world, cluster, this.#servers, types, this.#settings())
  }

  async run(): Promise<void> {
    const { clock, random, faults } = this.#world
    for (let place = 0; place < this.#workers; place++) this.#fleet.start(place)
    this.#disturb()
    this.#world.after(random.aroundMs(upgradeMeanMs), () => this.#fleet.upgrade())
    const requests = random.integer(2, maxRequests)
    // In bursts, where windows wait for each other, or one at a time.
    const pauseMeanMs = random.integer(1, random.chance(0.5) ? 500 : mostTroubledMs / requests / 2)
    for (let i = 0; i < requests && this.#world.problem === undefined; i++) {
      await this.#traffic.send()
      await clock.runFor(random.aroundMs(pauseMeanMs))
    }
    await clock.runFor(random.aroundMs(mostTroubledMs / 4))
    faults.areOver = true
    this.#fleet.upgrade()
    this.#world.trace.note('world', 'nothing goes wrong any more')
    await this.#end()
  }

  async #end(): Promise<void> {
    const { clock } = this.#world
    const isOver = () =>
      this.#world.problem !== undefined || (this.#traffic.isOver && this.#isDrained())
    await clock.runUntil(isOver, mostSettlingMs).catch(() => {
      const stand = this.#servers.map(({ state }) => JSON.stringify(positionOf(state))).join()
      this.#world.fail(`not settled ${mostSettlingMs} ms after all was well: stands at ${stand}`)
    })
    // Those that stand still yet may do harm when they go on.
    await clock.runUntil(() => !this.#fleet.isPaused, mostSettlingMs)
    await clock.runFor(afterwardsMs)
    if (this.#world.problem === undefined && !(await this.#fleet.stop())) {
      this.#world.fail('a worker does not stop')
    }
    for (const { shard, state } of this.#servers) {
      if (this.#world.problem === undefined) this.#promises.checkEnd(shard, state)
      this.#world.faults.count('operations failed', failuresOf(state))
    }
  }

  #isDrained(): boolean {
    return this.#servers.every(({ shard, state }) => {
      const last = this.#log.messages[shard]!.at(-1)
      return last === undefined || positionOf(state).offset > last.offset
    })
  }

  #settings(): WorkerSettings {
    const { random, faults } = this.#world
    return {
      limits: {
        maxWindowStatements: random.integer(1, 8),
        maxIsolationStatements: random.integer(0, 20),
        maxConcurrentWindows: random.integer(1, 3),
      },
      pullSize: random.integer(1, 5),
      newType: faults.happens('newType') ? random.pick(this.#types).name : undefined,
      statementsPerSecond: random.chance(0.5) ? Infinity : random.integer(5, 40),
    }
  }

  /** What happens to servers and to the group, now and then. */
  #disturb(): void {
    const { random, faults } = this.#world
    this.#world.after(random.aroundMs(disturbanceMeanMs), () => {
      if (faults.areOver) return
      const server = random.pick(this.#servers)
      if (faults.happens('serverRestart')) server.restart()
      if (faults.happens('restore')) server.restore()
      if (faults.happens('failover')) server.failOver()
      if (faults.happens('gracefulRestart'))
        this.#fleet.restart(random.integer(0, this.#workers - 1))
      if (faults.happens('rebalance')) this.#rebalance()
      this.#disturb()
    })
  }

  /** Anybody may get anything, or keep it. */
  #rebalance(): void {
    const { group } = this.#log
    const members = group.members
    this.#world.trace.note('group', 'shares the shards out anew')
    const owners = this.#servers.map(() => this.#world.random.pick(members))
    group.shareOut((shard) => owners[shard])
  }
}

function failuresOf({ records }: ShardState): number {
  return [...records.failures.values()].reduce((sum, { size }) => sum + size, 0)
}
