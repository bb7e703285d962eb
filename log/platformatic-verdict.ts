/** What a broker's answer to a batch means for the batch. */
export type Verdict =
  | 'written'
  /** Not written now; it may be later, as it is. */
  | 'not_now'
  /** It may be written: again, under the same number, until the answer is clear. */
  | 'unclear'
  /** The broker has lost track of the producer's numbers. */
  | 'forgotten'
  /** Not written, and never as it is: in smaller batches, where it holds several messages. */
  | 'too_large'
  /** Not written, and never as it is. */
  | 'refused'

/**
 * A leader appends first and then waits for its followers: what it answers when it stops being the
 * leader amid that (3, 6, 56) says nothing about the batch, which the next leader may have.
 */
const verdicts: ReadonlyMap<number, Verdict> = new Map([
  [0, 'written'],
  [2, 'refused'], // CORRUPT_MESSAGE
  [3, 'unclear'], // UNKNOWN_TOPIC_OR_PARTITION
  [5, 'not_now'], // LEADER_NOT_AVAILABLE
  [6, 'unclear'], // NOT_LEADER_OR_FOLLOWER
  [7, 'unclear'], // REQUEST_TIMED_OUT
  [10, 'too_large'], // MESSAGE_TOO_LARGE
  [17, 'refused'], // INVALID_TOPIC_EXCEPTION
  [18, 'too_large'], // RECORD_LIST_TOO_LARGE
  [19, 'not_now'], // NOT_ENOUGH_REPLICAS
  [20, 'unclear'], // NOT_ENOUGH_REPLICAS_AFTER_APPEND
  [29, 'refused'], // TOPIC_AUTHORIZATION_FAILED
  [31, 'refused'], // CLUSTER_AUTHORIZATION_FAILED
  [32, 'refused'], // INVALID_TIMESTAMP
  [35, 'refused'], // UNSUPPORTED_VERSION
  [42, 'refused'], // INVALID_REQUEST
  [43, 'refused'], // UNSUPPORTED_FOR_MESSAGE_FORMAT
  [44, 'refused'], // POLICY_VIOLATION
  [45, 'forgotten'], // OUT_OF_ORDER_SEQUENCE_NUMBER
  [47, 'forgotten'], // INVALID_PRODUCER_EPOCH
  [56, 'unclear'], // KAFKA_STORAGE_ERROR
  [59, 'forgotten'], // UNKNOWN_PRODUCER_ID
  [76, 'refused'], // UNSUPPORTED_COMPRESSION_TYPE
  [87, 'refused'], // INVALID_RECORD
  [89, 'not_now'], // THROTTLING_QUOTA_EXCEEDED
])

export function verdictOn(code: number): Verdict {
  return verdicts.get(code) ?? 'unclear'
}
