import fc from 'fast-check'
import type { KeyedRequest } from '../../core/keyed-request.ts'
import { keyLifetimeMs } from '../../core/keyed-request.ts'
import type { Operation } from '../../core/operation.ts'
import { shardId } from '../../core/position.ts'
import type { MemoryLog } from '../support/memory-log.ts'
import type { ModelType } from '../support/model-type.ts'
import { operationsOn } from '../support/sample-operations.ts'
import { cancelJob } from './cancelling.ts'
import type { Promises } from './promises.ts'
import { jobOf, type SentLog, type SentRequest } from './sent-log.ts'
import type { World } from './world.ts'

const maxOperations = 12
const maxMessageOperations = 7
/** After a request, until somebody finds that it should not have been sent. */
const cancelMeanMs = 1_000
/** Until a client that got no answer sends its request again. */
const resendMeanMs = 3_000
/** Where a shard's operations begin in their request: blocks of a key's row end at 1,024. */
const firstIndexes = [0, 0, 1018, 5000]
/** Operations of other shards stand between two of this one's. */
const indexSteps = [1, 1, 400]
const digestLength = 43

/** The operations of a job that are recorded as failed. */
type FailuresOf = (request: SentRequest) => ReadonlyMap<number, string>

/** Clients and APIs: what comes into the log. */
export class Traffic {
  readonly #world: World
  readonly #log: MemoryLog
  readonly #sent: SentLog
  readonly #promises: Promises
  readonly #operations: fc.Arbitrary<Operation[]>
  readonly #keyed: SentRequest[] = []
  readonly #jobs = new Map<string, SentRequest>()
  readonly #failuresOf: FailuresOf
  #requests = 0
  #planned = 0

  constructor(
    parts: { world: World; log: MemoryLog; sent: SentLog; promises: Promises },
    types: readonly ModelType[],
    failuresOf: FailuresOf,
  ) {
    this.#failuresOf = failuresOf
    this.#world = parts.world
    this.#log = parts.log
    this.#sent = parts.sent
    this.#promises = parts.promises
    this.#operations = operationsOn(types, { minLength: 1, maxLength: maxOperations })
  }

  /** One request, and what becomes of it at its client. */
  async send(): Promise<void> {
    const { random, faults } = this.#world
    const shard = shardId(random.integer(0, this.#log.partitions - 1))
    if (faults.happens('undecodable')) await this.#sent.sendDamaged(shard)
    if (faults.happens('dayPassed')) this.#world.leapTime(keyLifetimeMs * (1 + 2 * random.next()))
    if (faults.happens('jobRetried')) await this.#retry()
    const request = this.#newRequest()
    const isCutOff = request.keyed !== undefined && faults.happens('requestCutOff')
    const count = request.operations.length
    this.#jobs.set(jobOf(request), request)
    const last = await this.#publish(request, isCutOff ? random.integer(0, count - 1) : count)
    if (isCutOff || (request.keyed && faults.happens('requestSentAgain'))) {
      this.#later(resendMeanMs, () => this.#sendAgain(request))
    }
    if (last < 0 || !faults.happens('jobCancelled')) return
    const cancel = { job: jobOf(request), shard: request.shard, last }
    const parts = { world: this.#world, log: this.#log, promises: this.#promises }
    this.#later(cancelMeanMs, () => cancelJob(cancel, parts))
  }

  /** Whether nobody means to send anything more. */
  get isOver(): boolean {
    return this.#planned === 0
  }

  #later(meanMs: number, work: () => Promise<unknown>): void {
    this.#planned++
    this.#world.after(this.#world.random.aroundMs(meanMs), () => {
      void work().then(() => this.#planned--)
    })
  }

  #newRequest(): SentRequest {
    const { random, faults } = this.#world
    const name = `request-${++this.#requests}`
    const shard = shardId(random.integer(0, this.#log.partitions - 1))
    const operations = this.#newOperations()
    if (random.chance(0.5)) return { shard, job: name, operations }
    // Under an old key: another body, or the same one a day later.
    const earlier = this.#keyed.length > 0 && faults.happens('keyReused')
    const other = earlier ? random.pick(this.#keyed) : undefined
    const job = other?.job ?? name
    const keyed = { key: `key of ${job}`, digest: digestOf(name), ...this.#published() }
    const request = { shard: other?.shard ?? shard, job, operations, keyed }
    this.#keyed.push(request)
    return request
  }

  /** Sends a job's failed operations again, as somebody sees them; at times twice. */
  async #retry(): Promise<void> {
    const { random } = this.#world
    const failed = [...this.#jobs.values()].flatMap((request) => {
      const failures = this.#failuresOf(request)
      const operations = request.operations.filter(({ index }) => failures.has(index))
      return operations.length > 0 ? [{ shard: request.shard, of: jobOf(request), operations }] : []
    })
    if (failed.length === 0) return
    const { shard, of, operations } = random.pick(failed)
    // Always the same one for a job, as the API has it.
    const request = { shard, job: `retry of ${of}`, operations, retryOf: of }
    await this.#publish(request, operations.length)
    if (!random.chance(0.5)) return
    this.#later(resendMeanMs, () => this.#publish(request, operations.length))
  }

  async #sendAgain(request: SentRequest): Promise<void> {
    const again = { ...request, keyed: { ...request.keyed!, ...this.#published() } }
    await this.#publish(again, request.operations.length)
  }

  /** However a request is cut this time. */
  async #publish(request: SentRequest, count: number): Promise<number> {
    const { random, trace } = this.#world
    const messageOperations = random.integer(1, maxMessageOperations)
    const of = `${count} of ${request.operations.length} operations`
    trace.note('api', `sends ${of} of ${jobOf(request)} to shard ${request.shard}`)
    return this.#sent.send(request, count, messageOperations)
  }

  #newOperations(): Operation[] {
    const { random } = this.#world
    const seed = random.integer(0, 2 ** 31)
    const [operations] = fc.sample(this.#operations, { seed, numRuns: 1 })
    const first = random.pick(firstIndexes)
    const step = random.pick(indexSteps)
    return operations!.map((operation, i) => ({ ...operation, index: first + i * step }))
  }

  #published(): Pick<KeyedRequest, 'publishedAtMs'> {
    return { publishedAtMs: this.#world.epochMs() }
  }
}

function digestOf(name: string): string {
  return name.padEnd(digestLength, '_')
}
