import assert from 'node:assert/strict'
import {
  type Assignment,
  type ControlFollower,
  type Log,
  LogError,
  type LogErrorCode,
  type LogMessage,
  type Membership,
  type OutgoingMessage,
  type PartitionReader,
  PublishError,
} from '../../core/log.ts'
import { offset, shardId } from '../../core/position.ts'

/** Longer than anything here takes on a busy machine. */
const patienceMs = 20_000

export const at = offset
export const shard = shardId

export function message(number: number, text: string): OutgoingMessage {
  return { shard: shardId(number), bytes: new TextEncoder().encode(text), headers: {} }
}

export function textOf({ bytes }: LogMessage): string {
  return new TextDecoder().decode(bytes)
}

/** Pulls until it has as many messages. */
export async function pullAll(reader: PartitionReader, count: number): Promise<LogMessage[]> {
  const messages: LogMessage[] = []
  const deadlineMs = performance.now() + patienceMs
  while (messages.length < count) {
    assert.ok(performance.now() < deadlineMs, `only ${messages.length} of ${count} messages came`)
    messages.push(...(await reader.pull(count - messages.length, 1000)))
  }
  return messages
}

export async function rejectsWith(
  code: LogErrorCode,
  promise: Promise<unknown>,
): Promise<LogError> {
  const error = await rejection(promise)
  assert.ok(error instanceof LogError, `expected a LogError, got ${error}`)
  assert.equal(error.code, code, error.message)
  return error
}

export async function publishFails(
  outcome: PublishError['outcome'],
  promise: Promise<unknown>,
): Promise<PublishError> {
  const error = await rejection(promise)
  assert.ok(error instanceof PublishError, `expected a PublishError, got ${error}`)
  assert.equal(error.outcome, outcome, error.message)
  return error
}

/** Follows a log's control topic into a map. */
export function followControl(log: Log): {
  readonly entries: ReadonlyMap<string, string>
  readonly at: ControlFollower
} {
  const entries = new Map<string, string>()
  const follower = log.control.follow((key, value) => {
    if (value === undefined) entries.delete(key)
    else entries.set(key, value)
  })
  return { entries, at: follower }
}

export async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadlineMs = performance.now() + patienceMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    assert.ok(performance.now() < deadlineMs, `never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The first assignment that fulfils a condition. */
export async function assigned(
  membership: Membership,
  fits: (assignment: Assignment) => boolean,
  seen = -1,
): Promise<Assignment> {
  const timeout = Promise.withResolvers<never>()
  const timer = setTimeout(() => timeout.reject(new Error('no such assignment')), patienceMs)
  try {
    for (;;) {
      const assignment = await Promise.race([membership.next(seen), timeout.promise])
      assert.ok(assignment, 'the member has left')
      assert.ok(assignment.generation > seen, 'generations must grow')
      if (fits(assignment)) return assignment
      seen = assignment.generation
    }
  } finally {
    clearTimeout(timer)
  }
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => assert.fail(`expected a rejection, got ${JSON.stringify(value)}`),
    (error) => error,
  )
}
