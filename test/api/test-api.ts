import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { ApiOptions } from '../../api/api-options.ts'
import { createApp } from '../../api/app.ts'
import { authenticateBy } from '../../api/auth.ts'
import { createReceipts } from '../../api/receipts.ts'
import type { JobStore, ShardProgress } from '../../core/job-store.ts'
import { decodeMessage } from '../../core/message.ts'
import type { Operation } from '../../core/operation.ts'
import type { Position, ShardId } from '../../core/position.ts'
import { offset, shardId } from '../../core/position.ts'
import type { ShardStatus } from '../../core/shard-status.ts'
import { newDigest } from '../../runtime/digest.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MemoryLog } from '../support/memory-log.ts'
import { noteType } from './note-type.ts'

export const receiptKey = { kid: 'test', secret: new Uint8Array(32).fill(7) }

/** An API over a log in memory, and what it reported. */
export async function testApi(overrides: Partial<ApiOptions> = {}) {
  const log = new MemoryLog()
  const clock = new ManualClock()
  const reported: { where: string; error: unknown }[] = []
  let jobs = 0
  const spoolFolder = join(tmpdir(), 'sluice-test-spool')
  const app = createApp({
    types: new Map([['note', noteType()]]),
    log,
    logSystem: 'memory',
    receipts: await createReceipts([receiptKey]),
    authenticate: authenticateBy(undefined),
    clock,
    checksum: crc32,
    newDigest,
    newJobId: () => `job-${++jobs}`,
    spoolFolder,
    version: '1.2.3',
    reportError: (where, error) => reported.push({ where, error }),
    ...overrides,
  })
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    app.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: isBody(body) ? body : JSON.stringify(body),
      ...(body instanceof ReadableStream && { duplex: 'half' }),
    })
  return {
    app,
    log,
    clock,
    reported,
    post,
    write: (body: unknown, headers?: Record<string, string>) => post('/v1/writes', body, headers),
    get: (path: string, headers: Record<string, string> = {}) => app.request(path, { headers }),
    /** Puts a shard's state on the board, as its worker would. */
    report(shard: number, status: Partial<ShardStatus> & { position: Position }) {
      const full: ShardStatus = {
        version: 1,
        shard,
        claim: 1,
        owner: 'worker-1',
        logId: log.logId,
        reason: 'limited',
        statementsPerSecond: 10,
        statementRate: 9.5,
        operationRate: 950,
        messagesPerStatement: 0.5,
        updatedAtMs: clock.epochMs(),
        ...status,
      }
      log.statuses.set(shardId(shard), JSON.stringify(full))
    },
    /** The operations that a shard's partition holds, in order. */
    operations(shard: number): Operation[] {
      return log.messages[shard]!.flatMap(({ bytes }) => {
        const decoded = decodeMessage(bytes, crc32)
        if (decoded.kind !== 'message') throw new Error(`a message is ${decoded.kind}`)
        return decoded.message.operations
      })
    },
  }
}

export type TestApi = Awaited<ReturnType<typeof testApi>>

function isBody(body: unknown): body is string | Uint8Array<ArrayBuffer> | ReadableStream {
  return typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream
}

/** A shard of the API's own log that knows nothing of any job. */
const untouchedShard: ShardProgress = {
  logId: 'log-1',
  position: { offset: offset(0), operation: 0 },
  jobs: new Map(),
}

/** What the shards would answer, by shard. Each call is counted. */
export class MemoryJobs implements JobStore {
  readonly progressCalls: { shard: ShardId; jobs: readonly string[] }[] = []
  progress: JobStore['progress']
  failures: JobStore['failures']

  constructor(answers: Partial<Pick<JobStore, 'progress' | 'failures'>>) {
    this.progress = async (shard, jobs) => {
      this.progressCalls.push({ shard, jobs })
      return answers.progress ? answers.progress(shard, jobs) : untouchedShard
    }
    this.failures = async (...page) => answers.failures!(...page)
  }

  async close(): Promise<void> {}
}

/** A note to create for a user: the user's number modulo 4 is its shard. */
export function createNote(id: number, userId: number, text = 'hello') {
  return { type: 'note', op: 'create', object: { id: `${id}`, userId: `${userId}`, text } }
}

/** The members of answers that tests look into. */
export interface Answer {
  readonly status: number
  readonly detail: string
  readonly errors: {
    readonly index: number | null
    readonly path: string
    readonly message: string
  }[]
  readonly job: string
  readonly receipt: string
  readonly estimatedSeconds: number | null
  readonly shards: Record<string, unknown>[]
  readonly jobs: Record<string, unknown>[]
}

export async function answerOf(response: Response): Promise<Answer> {
  return (await response.json()) as Answer
}
