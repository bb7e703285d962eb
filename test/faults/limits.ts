import { groupTimes } from '../../log/kafka-options.ts'

/** A worker's shards move again so soon after it died or stopped. */
export const takeoverLimitMs = groupTimes.sessionMs + 1000
/** Work goes on so soon after MySQL is well again. */
export const recoveryLimitMs = 5000
