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
  /** Never. */
  | 'refused'

const verdicts: ReadonlyMap<number, Verdict> = new Map([
  [0, 'written'],
  [3, 'not_now'], // UNKNOWN_TOPIC_OR_PARTITION
  [5, 'not_now'], // LEADER_NOT_AVAILABLE
  [6, 'not_now'], // NOT_LEADER_OR_FOLLOWER
  [7, 'unclear'], // REQUEST_TIMED_OUT
  [10, 'too_large'], // MESSAGE_TOO_LARGE
  [18, 'too_large'], // RECORD_LIST_TOO_LARGE
  [19, 'not_now'], // NOT_ENOUGH_REPLICAS
  [20, 'unclear'], // NOT_ENOUGH_REPLICAS_AFTER_APPEND
  [45, 'forgotten'], // OUT_OF_ORDER_SEQUENCE_NUMBER
  [47, 'forgotten'], // INVALID_PRODUCER_EPOCH
  [56, 'unclear'], // KAFKA_STORAGE_ERROR
  [59, 'forgotten'], // UNKNOWN_PRODUCER_ID
  [89, 'not_now'], // THROTTLING_QUOTA_EXCEEDED
])

export function verdictOn(code: number): Verdict {
  return verdicts.get(code) ?? 'refused'
}
