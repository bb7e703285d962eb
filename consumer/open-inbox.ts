import type { Log } from '../core/log.ts'
import { LogError } from '../core/log.ts'
import type { Position, ShardId } from '../core/position.ts'
import type { InboxOptions } from './inbox.ts'
import { Inbox } from './inbox.ts'

/**
 * Reads a shard's partition from its position on, if the log still holds what comes next. Rejects
 * with a `LogError`: `out_of_range` if it does not.
 */
export async function openInbox(
  log: Log,
  shard: ShardId,
  from: Position,
  options: InboxOptions,
): Promise<Inbox> {
  await checkPosition(log, shard, from)
  return new Inbox(await log.open(shard, from.offset), from, options)
}

/** A position outside the log would be read as silence, or as messages of another log. */
async function checkPosition(log: Log, shard: ShardId, position: Position): Promise<void> {
  const { earliest, next } = await log.bounds(shard)
  if (position.offset < earliest) {
    throw new LogError(
      'out_of_range',
      `shard ${shard} stands at offset ${position.offset}, but the log begins at ${earliest}: what lies between is trimmed, or was deleted. Was its database restored to a state of longer ago than retainHours? Then restore a younger one. Else restore the log; or, if that is gone for good, npm run repair -- set-position --shard ${shard} --to start`,
    )
  }
  if (position.offset > next || (position.offset === next && position.operation > 0)) {
    throw new LogError(
      'out_of_range',
      `shard ${shard} stands at offset ${position.offset}, but the log ends at ${next}: the log lost messages or is another one. Restore it; or, if what it lost is gone for good, npm run repair -- set-position --shard ${shard} --to OFFSET, the first one that is new`,
    )
  }
}
