import type {
  ControlBoard,
  Log,
  LogBounds,
  Membership,
  PartitionReader,
  StatusBoard,
} from '../../core/log.ts'
import { LogError } from '../../core/log.ts'
import type { Offset, ShardId } from '../../core/position.ts'
import type { MemoryLog } from '../support/memory-log.ts'
import type { Fault } from './faults.ts'
import { simulatedControl } from './simulated-control.ts'
import { SimulatedMember } from './simulated-member.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { World } from './world.ts'

const callMeanMs = 1
/** An election, until the new leader is known. */
const leaderChangeMeanMs = 2_000

/** The log that all processes share: which of its partitions have no leader at present. */
export class LogCluster {
  readonly log: MemoryLog
  readonly world: World
  readonly #leaderlessUntilMs = new Map<ShardId, number>()

  constructor(log: MemoryLog, world: World) {
    this.log = log
    this.world = world
  }

  /** Rejects if a partition's leader is away, as it is while another one is chosen. */
  async reach(shard: ShardId, fault: Fault): Promise<void> {
    const { clock, faults, random, trace } = this.world
    await this.world.waitAround(callMeanMs)
    if (faults.happens('leaderChange')) {
      const ms = random.aroundMs(leaderChangeMeanMs)
      this.#leaderlessUntilMs.set(shard, clock.monotonicMs() + ms)
      trace.note(`log ${shard}`, `changes its leader, back in ${Math.round(ms)} ms`)
    }
    const isLeaderless = clock.monotonicMs() < (this.#leaderlessUntilMs.get(shard) ?? 0)
    if (isLeaderless || faults.happens(fault)) throw unreachable(`partition ${shard}`)
  }
}

/** The log as one worker's process sees it. */
export class SimulatedLog implements Log {
  readonly logId: string
  readonly topic: string
  readonly partitions: number
  readonly status: StatusBoard
  readonly control: ControlBoard
  readonly #cluster: LogCluster
  readonly #process: SimulatedProcess

  constructor(cluster: LogCluster, process: SimulatedProcess) {
    const { log } = cluster
    this.#cluster = cluster
    this.#process = process
    this.logId = log.logId
    this.topic = log.topic
    this.partitions = log.partitions
    this.control = simulatedControl(log, process, cluster.world)
    this.status = {
      put: (shard, value) => this.#call('statusFailed', () => log.status.put(shard, value)),
      read: () => this.#call('statusFailed', () => log.status.read()),
    }
  }

  publish(): never {
    throw new Error('workers do not publish')
  }

  bounds(shard: ShardId): Promise<LogBounds> {
    return this.#process.call(async () => {
      await this.#cluster.reach(shard, 'openFailed')
      return this.#cluster.log.bounds(shard)
    })
  }

  open(shard: ShardId, from: Offset): Promise<PartitionReader> {
    return this.#process.call(async () => {
      await this.#cluster.reach(shard, 'openFailed')
      this.#process.note(`shard ${shard} is read from ${from}`)
      return this.#reader(shard, await this.#cluster.log.open(shard, from))
    })
  }

  async join(): Promise<Membership> {
    const { world, log } = this.#cluster
    if (world.faults.happens('joinFailed')) throw unreachable('the group')
    return new SimulatedMember(log, this.#process, world)
  }

  /** Nothing is old enough in the simulator: see `Fleet`'s store. */
  trim(): never {
    throw new Error('nothing is trimmed here')
  }

  async headroom(): Promise<undefined> {}

  ping(): Promise<void> {
    return this.#process.call(() => this.#cluster.log.ping())
  }

  async close(): Promise<void> {}

  #reader(shard: ShardId, reader: PartitionReader): PartitionReader {
    const { world } = this.#cluster
    return {
      pull: (maxMessages, waitMs) =>
        this.#process.call(async () => {
          await this.#cluster.reach(shard, 'pullFailed')
          const messages = await reader.pull(maxMessages, waitMs)
          const isLost = messages.length > 0 && world.faults.happens('pullAnswerLost')
          if (isLost) throw unreachable(`partition ${shard}`)
          if (!world.faults.happens('pullSkips')) return messages
          this.#process.note(`shard ${shard}: a client of the log leaves out messages`)
          return messages.slice(world.random.integer(1, messages.length))
        }),
      close: () => this.#process.call(() => reader.close()),
    }
  }

  #call<T>(fault: Fault, work: () => Promise<T>): Promise<T> {
    const { world } = this.#cluster
    return this.#process.call(async () => {
      await world.waitAround(callMeanMs)
      if (world.faults.happens(fault)) throw unreachable('the status')
      return work()
    })
  }
}

function unreachable(what: string): LogError {
  return new LogError('unreachable', `${what} does not answer`)
}
