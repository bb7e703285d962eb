import { apiKilled } from './deeds/api-killed.ts'
import { apiRestarted } from './deeds/api-restarted.ts'
import { brokerKilled } from './deeds/broker-killed.ts'
import { commitCut, commitUnanswered } from './deeds/commit-cut.ts'
import { dataFolderDeleted } from './deeds/data-folder-deleted.ts'
import { deadlockStorm } from './deeds/deadlock-storm.ts'
import { diskFull } from './deeds/disk-full.ts'
import { groupOffsetsDeleted } from './deeds/group-offsets-deleted.ts'
import { hotKeys } from './deeds/hot-keys.ts'
import { membershipChurn } from './deeds/membership-churn.ts'
import { mysqlOutOfConnections, mysqlReadOnly, rowLocked } from './deeds/mysql-refuses.ts'
import { mysqldKilled } from './deeds/mysqld-killed.ts'
import { offsetRowDeleted } from './deeds/offset-row-deleted.ts'
import { prefetchedPaused } from './deeds/prefetched-paused.ts'
import { mysqlRestored, replicaTakesOver } from './deeds/restored.ts'
import { rollingRestart } from './deeds/rolling-restart.ts'
import { stoppedWhileAway } from './deeds/stopped-while-away.ts'
import { topicRecreated } from './deeds/topic-recreated.ts'
import { urlsSwapped } from './deeds/urls-swapped.ts'
import { windowCut } from './deeds/window-cut.ts'
import { workerKilled } from './deeds/worker-killed.ts'
import { workerStopped, workerStoppedInTransaction } from './deeds/worker-stopped.ts'
import type { Fault } from './fault.ts'

/** All that Sluice is to survive, in the order of a run. */
export const faults: readonly Fault[] = [
  workerKilled,
  apiKilled,
  brokerKilled,
  mysqldKilled,
  commitCut,
  commitUnanswered,
  windowCut,
  workerStopped,
  workerStoppedInTransaction,
  membershipChurn,
  mysqlRestored,
  replicaTakesOver,
  groupOffsetsDeleted,
  topicRecreated,
  offsetRowDeleted,
  dataFolderDeleted,
  urlsSwapped,
  deadlockStorm,
  rowLocked,
  mysqlReadOnly,
  mysqlOutOfConnections,
  diskFull,
  prefetchedPaused,
  hotKeys,
  rollingRestart('node'),
  rollingRestart('deno'),
  rollingRestart('bun'),
  apiRestarted,
  stoppedWhileAway,
]
