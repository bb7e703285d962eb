import type { Clock } from '../../core/clock.ts'
import type {
  ControlFollower,
  Headroom,
  Log,
  LogBounds,
  LogMessage,
  Membership,
  OutgoingMessage,
  PartitionReader,
} from '../../core/log.ts'
import { LogError } from '../../core/log.ts'
import type { Offset, ShardId } from '../../core/position.ts'
import { offset } from '../../core/position.ts'
import { ManualClock } from './manual-clock.ts'
import { MemoryGroup, MemoryMember } from './memory-group.ts'

export type LogCall =
  | 'publish'
  | 'bounds'
  | 'open'
  | 'pull'
  | 'trim'
  | 'headroom'
  | 'join'
  | 'put'
  | 'read'
  | 'ping'
  | 'putControl'
  | 'catchUp'

/** A log in memory, whose calls fail when a test says so. It waits by the clock it is given. */
export class MemoryLog implements Log {
  readonly logId = 'log-1'
  readonly topic = 'test.writes'
  readonly partitions: number
  readonly messages: LogMessage[][]
  readonly statuses = new Map<ShardId, string>()
  readonly group: MemoryGroup
  readonly members: MemoryMember[] = []
  /** Makes every call fail. */
  failWith: Error | undefined
  /** What `headroom` tells; undefined is a log that does not. */
  room: Headroom | undefined
  boundsRead = 0
  statusRead = 0
  /** Told of every call. */
  onCall: ((call: LogCall) => void) | undefined
  readonly #clock: Clock
  readonly #bounds: LogBounds[]
  readonly #faults: { readonly call: LogCall; readonly error: Error }[] = []
  #arrival = new AbortController()

  constructor(clock: Clock = new ManualClock(), partitions = 4) {
    this.#clock = clock
    this.partitions = partitions
    this.messages = Array.from({ length: partitions }, () => [])
    this.#bounds = this.messages.map(() => ({ earliest: offset(0), next: offset(0) }))
    this.group = new MemoryGroup(partitions)
  }

  readonly status = {
    put: async (shard: ShardId, value: string): Promise<void> => {
      this.#call('put')
      this.statuses.set(shard, value)
    },
    read: async (): Promise<ReadonlyMap<ShardId, string>> => {
      this.statusRead++
      this.#call('read')
      return this.statuses
    },
  }

  /** What stands in the control topic; followers hear of a change at once, unless `controlAgeMs` is above 0. */
  readonly controls = new Map<string, string>()
  #controlEnd = 0
  #controlAgeMs = 0
  readonly #followers = new Set<MemoryFollower>()

  readonly control = {
    put: async (key: string, value: string | undefined): Promise<Offset> => {
      this.#call('putControl')
      if (value === undefined) this.controls.delete(key)
      else this.controls.set(key, value)
      this.#controlEnd++
      if (this.#controlAgeMs === 0) this.#tellFollowers()
      return offset(this.#controlEnd)
    },
    follow: (onEntry: MemoryFollower['onEntry']): ControlFollower => {
      const follower: MemoryFollower = { onEntry, known: new Map(), next: 0 }
      this.#followers.add(follower)
      if (this.#controlAgeMs === 0) this.#tell(follower)
      const ageMs = () => this.#controlAgeMs
      return {
        get next() {
          return offset(follower.next)
        },
        get ageMs() {
          return ageMs()
        },
        catchUp: async () => {
          this.#call('catchUp')
          this.#tell(follower)
        },
        close: () => this.#followers.delete(follower),
      }
    },
  }

  /** Followers hear nothing until this is 0 again: what they know is so old. */
  set controlAgeMs(ms: number) {
    this.#controlAgeMs = ms
    if (ms === 0) this.#tellFollowers()
  }

  #tellFollowers(): void {
    for (const follower of this.#followers) this.#tell(follower)
  }

  #tell(follower: MemoryFollower): void {
    const { known, onEntry } = follower
    follower.next = this.#controlEnd
    for (const key of [...known.keys()]) {
      if (this.controls.has(key)) continue
      known.delete(key)
      onEntry(key, undefined)
    }
    for (const [key, value] of this.controls) {
      if (known.get(key) === value) continue
      known.set(key, value)
      onEntry(key, value)
    }
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<readonly Offset[]> {
    this.#call('publish')
    const offsets = messages.map(({ shard, bytes, headers }) => {
      const at = this.#bounds[shard]!.next
      this.messages[shard]!.push({ offset: at, bytes: bytes.slice(), headers })
      this.skipOffsets(shard, 1)
      return at
    })
    this.#arrival.abort()
    this.#arrival = new AbortController()
    return offsets
  }

  async bounds(shard: ShardId): Promise<LogBounds> {
    this.boundsRead++
    this.#call('bounds')
    return this.#bounds[shard]!
  }

  async ping(): Promise<void> {
    this.#call('ping')
  }

  async open(shard: ShardId, from: Offset): Promise<PartitionReader> {
    this.#call('open')
    this.#checkHeld(shard, from)
    let next = from
    let isClosed = false
    const take = (maxMessages: number): readonly LogMessage[] => {
      if (isClosed) throw new LogError('closed', 'the reader is closed')
      this.#checkHeld(shard, next)
      const isNext = (message: LogMessage) => message.offset >= next
      const taken = this.messages[shard]!.filter(isNext).slice(0, maxMessages)
      const last = taken.at(-1)
      if (last) next = offset(last.offset + 1)
      return taken
    }
    return {
      pull: async (maxMessages, waitMs) => {
        this.#call('pull')
        const taken = take(maxMessages)
        if (taken.length > 0 || waitMs === 0) return taken
        await this.#clock.sleep(waitMs, this.#arrival.signal)
        return take(maxMessages)
      },
      close: async () => {
        isClosed = true
      },
    }
  }

  async trim(shard: number, before: number): Promise<void> {
    this.#call('trim')
    const { earliest, next } = this.#bounds[shard]!
    if (before > next) throw new LogError('out_of_range', `the log ends at ${next}`)
    this.#bounds[shard] = { earliest: offset(Math.max(earliest, before)), next }
    this.messages[shard] = this.messages[shard]!.filter((message) => message.offset >= before)
  }

  async headroom(): Promise<Headroom | undefined> {
    this.#call('headroom')
    return this.room
  }

  async join(): Promise<Membership> {
    this.#call('join')
    const member = new MemoryMember(this.group)
    this.members.push(member)
    return member
  }

  async close(): Promise<void> {}

  get published(): number {
    return this.messages.reduce((sum, partition) => sum + partition.length, 0)
  }

  /** The next calls of this kind fail, so many of them. */
  fail(call: LogCall, error: Error, times = 1): void {
    for (let i = 0; i < times; i++) this.#faults.push({ call, error })
  }

  /** As if messages had been written there, and lost since. */
  skipOffsets(shard: number, count: number): void {
    const { earliest, next } = this.#bounds[shard]!
    this.#bounds[shard] = { earliest, next: offset(next + count) }
  }

  #call(call: LogCall): void {
    this.onCall?.(call)
    if (this.failWith) throw this.failWith
    const fault = this.#faults.findIndex((scripted) => scripted.call === call)
    if (fault >= 0) throw this.#faults.splice(fault, 1)[0]!.error
  }

  #checkHeld(shard: ShardId, from: Offset): void {
    const { earliest, next } = this.#bounds[shard]!
    if (from >= earliest && from <= next) return
    throw new LogError('out_of_range', `offset ${from} is not held (${earliest} to ${next})`)
  }
}

interface MemoryFollower {
  readonly onEntry: (key: string, value: string | undefined) => void
  readonly known: Map<string, string>
  next: number
}
