import type { KeyedRequest } from '../core/keyed-request.ts'
import { keyedJob } from '../core/keyed-request.ts'
import type { Accept, Answer } from './accept.ts'
import type { ApiOptions } from './api-options.ts'
import type { Caller } from './auth.ts'
import { requireWriter } from './auth.ts'
import { idempotencyKey } from './idempotency-key.ts'
import type { AnsweredRequest, KeyedWrite } from './keyed-requests.ts'
import { KeyedRequests } from './keyed-requests.ts'
import type { ApiLimits } from './limits.ts'
import type { Receive } from './receive.ts'

const route = 'POST /v1/writes'

/** `POST /v1/writes`: receive -> shard -> publish. */
export function createWrites(
  options: ApiOptions,
  limits: ApiLimits,
  receive: Receive,
  accept: Accept,
) {
  const { clock } = options
  const keyedRequests = new KeyedRequests<Answer & AnsweredRequest>(options.newDigest, limits)

  return async (request: Request, caller: Caller): Promise<Response> => {
    requireWriter(caller)
    const { tenant } = caller
    const key = idempotencyKey(request.headers)
    using write = key === undefined ? undefined : keyedRequests.open(tenant, key)
    const messageJob = write?.jobPart ?? options.newJobId()
    using room = await accept.room()
    await using received = receive(request, caller, write?.digest)
    const operations = await accept.batch(received, messageJob, tenant, room)
    const keyed = write && keyedRequest(write)
    const before = keyed && keyedRequests.answerTo(write, keyed)
    if (before) return await accept.respond(before, { 'idempotent-replayed': 'true' })
    const job = keyed ? keyedJob(messageJob, keyed.digest) : messageJob
    const as = { job, tenant, operations, keyed, room, route }
    const answer = await accept.publish(received.outbox, as)
    if (keyed) keyedRequests.remember(write, { ...answer, keyed })
    return await accept.respond(answer)
  }

  /** Of a body that was read to its end. The time is one for all messages, so it is taken before. */
  function keyedRequest({ key, digest }: KeyedWrite): KeyedRequest {
    return { key, digest: digest.finish(), publishedAtMs: clock.epochMs() }
  }
}
