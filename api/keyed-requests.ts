import type { Digest, NewDigest } from '../core/digest.ts'
import type { KeyedRequest } from '../core/keyed-request.ts'
import { keyedJobPart, keyLifetimeMs } from '../core/keyed-request.ts'
import type { ApiLimits } from './limits.ts'
import { Problem } from './problem.ts'

/** A keyed request while it is answered; disposing of it lets the next one with its key in. */
export interface KeyedWrite extends Disposable {
  readonly key: string
  /** What its messages name as their job. */
  readonly jobPart: string
  /** Of the body, as it is read. */
  readonly digest: Digest
}

/** What was answered to a request, for when it comes again. */
export interface AnsweredRequest {
  readonly keyed: KeyedRequest
  readonly job: string
  readonly receipt: string
}

/**
 * The keyed requests that this process answers or has answered. It saves work and refuses early; what
 * makes a request take effect once is in the shards, for all processes and through all restarts.
 */
export class KeyedRequests<T extends AnsweredRequest> {
  readonly #newDigest: NewDigest
  readonly #limits: ApiLimits
  readonly #underWay = new Set<string>()
  /** By job part, the one answered last at the end. */
  readonly #answered = new Map<string, T>()
  #receiptLength = 0

  constructor(newDigest: NewDigest, limits: ApiLimits) {
    this.#newDigest = newDigest
    this.#limits = limits
  }

  /** Throws a Problem where a request with the same key is under way. */
  open(tenant: string, key: string): KeyedWrite {
    const jobPart = keyedJobPart(this.#newDigest, tenant, key)
    if (this.#underWay.has(jobPart)) throw underWay()
    this.#underWay.add(jobPart)
    return {
      ...{ key, jobPart, digest: this.#newDigest() },
      [Symbol.dispose]: () => this.#underWay.delete(jobPart),
    }
  }

  /** The answer to the same request before; throws a Problem where the body was another one. */
  answerTo({ jobPart }: KeyedWrite, { digest, publishedAtMs }: KeyedRequest): T | undefined {
    const answered = this.#answered.get(jobPart)
    if (!answered) return undefined
    // By the time that its messages would have: the shards decide by that too.
    if (publishedAtMs - answered.keyed.publishedAtMs >= keyLifetimeMs) {
      this.#forget(jobPart, answered)
      return undefined
    }
    if (answered.keyed.digest !== digest) throw reused()
    return answered
  }

  remember({ jobPart }: KeyedWrite, answer: T): void {
    this.#answered.set(jobPart, answer)
    this.#receiptLength += answer.receipt.length
    const { answeredRequests, answeredReceiptsLength } = this.#limits
    for (const [oldest, answered] of this.#answered) {
      if (this.#answered.size <= answeredRequests && this.#receiptLength <= answeredReceiptsLength)
        return
      this.#forget(oldest, answered)
    }
  }

  #forget(jobPart: string, { receipt }: T): void {
    this.#answered.delete(jobPart)
    this.#receiptLength -= receipt.length
  }
}

function underWay(): Problem {
  return new Problem(
    'idempotency-key-under-way',
    'Another request with this Idempotency-Key is being answered. Send this again once it is: the answer will be the same.',
    { headers: { 'retry-after': '1' } },
  )
}

function reused(): Problem {
  return new Problem(
    'idempotency-key-reused',
    'Another body was sent with this Idempotency-Key less than 24 hours ago. Nothing of this one was written: send it with a key of its own.',
    { extensions: { outcome: 'none' } },
  )
}
