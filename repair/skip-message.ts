import { type UndecodableMessage, undecodable } from '../core/failure.ts'
import type { Offset, Position, ShardId } from '../core/position.ts'
import { behind, offset } from '../core/position.ts'
import { undecodableJob } from '../db/failures.ts'
import { demandShardRow, describePosition, nothingRecorded } from '../db/shard-repair.ts'
import { carryOut, type Plan } from './carry-out.ts'
import type { Command } from './command.ts'
import { lookAtMessage } from './look-at-message.ts'
import {
  demandThisLog,
  notDone,
  type RepairContext,
  RepairRefused,
  shardOf,
  targetOf,
} from './repair-context.ts'
import { readMessage } from './stretch.ts'
import { count } from './stretch-words.ts'

type SkipMessage = Command & { name: 'skip-message' }

/** Passes the one message that a shard stands at and nobody can read; it is kept raw. */
export async function skipMessage(context: RepairContext, command: SkipMessage): Promise<void> {
  const shard = shardOf(context, command.shard)
  const at = offset(command.offset)
  const outcome = await carryOut(context, shard, async (found) => {
    const row = demandShardRow(targetOf(context, shard), found)
    demandThisLog(context, shard, row)
    return planSkip(context, shard, row.position, at)
  })
  if (outcome === 'not done') context.write(notDone)
}

async function planSkip(
  context: RepairContext,
  shard: ShardId,
  position: Position,
  at: Offset,
): Promise<Plan> {
  if (position.offset === at + 1 && position.operation === 0) {
    const behind = `shard ${shard} stands at ${describePosition(position)}, behind the message at offset ${at} already: nothing to do`
    return { lines: [behind], repair: undefined }
  }
  if (position.offset !== at) {
    throw new RepairRefused(
      `shard ${shard} stands at ${describePosition(position)}, not at the message at offset ${at}: skip what it stands at, or see set-position`,
    )
  }
  const { undecodable, operations } = await readUnreadable(context, shard, position)
  const { log, reason } = context
  const lost = operations
    ? `lost: ${count(operations.count, 'operation')} of job ${operations.job}, counted as cancelled there`
    : 'lost: all operations in it; nobody can tell of which job, and there they count as applied'
  const effect = `${lost}; kept raw in sluice_failures as ${undecodableJob(log.logId)}, operation ${at}`
  const way = `shard ${shard} ${reason === undefined ? 'would pass' : 'passes'} the message at offset ${at} (${count(undecodable.bytes.byteLength, 'byte')}): ${undecodable.reason}`
  return {
    lines: [way, effect],
    repair: {
      ...{ command: 'skip-message', effect },
      to: { logId: log.logId, position: behind(at) },
      ...nothingRecorded,
      undecodable: [{ ...undecodable, reason: `skipped by an operator: ${undecodable.reason}` }],
      ...(operations && { cancelled: new Map([[operations.job, operations.count]]) }),
    },
  }
}

interface Unreadable {
  readonly undecodable: UndecodableMessage
  /** Of a message of a known form that has an unknown type or property. */
  readonly operations: { readonly job: string; readonly count: number } | undefined
}

/** The message at a position. Throws a `RepairRefused` if a worker of this config can read it. */
async function readUnreadable(
  context: RepairContext,
  shard: ShardId,
  { offset: at, operation }: Position,
): Promise<Unreadable> {
  const { log } = context
  const { earliest, next } = await log.bounds(shard)
  const message = at >= earliest && at < next ? await readMessage(log, shard, at) : undefined
  if (!message) {
    throw new RepairRefused(
      `the log of shard ${shard} has no message at offset ${at}: it holds ${earliest} to ${next}`,
    )
  }
  const { unreadable, counted } = lookAtMessage(message, context)
  if (unreadable === undefined) {
    throw new RepairRefused(
      `the message at offset ${at} can be read: ${count(counted?.indexes.length ?? 0, 'operation')} of job ${counted?.job}. It is not what stops the shard; set-position --to ${at + 1} gives it up all the same`,
    )
  }
  const left = counted && {
    job: counted.job,
    count: Math.max(0, counted.indexes.length - operation),
  }
  return { undecodable: undecodable(message, unreadable), operations: left }
}
