import type { Position, ShardId } from '../core/position.ts'
import { describePosition, type RepairTarget, readShardRow } from '../db/shard-repair.ts'
import type { Command } from './command.ts'
import { lookAtMessage } from './look-at-message.ts'
import { chosenShards, type RepairContext, targetOf } from './repair-context.ts'
import { readMessage } from './stretch.ts'
import { count } from './stretch-words.ts'

type Show = Command & { name: 'show' }

/** A line for each shard: where it stands, whose it is, what its log holds, what comes next. */
export async function show(context: RepairContext, command: Show): Promise<void> {
  for (const shard of chosenShards(context, command.shard)) {
    const target = targetOf(context, shard)
    // One database that does not answer must not hide the others.
    context.write(await lineOf(context, shard, target).catch((error: Error) => error.message))
  }
}

async function lineOf(
  context: RepairContext,
  shard: ShardId,
  target: RepairTarget,
): Promise<string> {
  const { log } = context
  const { position, logId, owner, isOwned } = await readShardRow(target)
  const who = owner === '' ? 'never owned' : `${isOwned ? 'owned' : 'last owned'} by ${owner}`
  const where = `shard ${shard} stands at ${describePosition(position)} of log ${logId}, ${who}`
  const next =
    logId === log.logId
      ? await nextIn(context, shard, position)
      : `${log.topic} is log ${log.logId}: see adopt-log`
  return `${where}; ${next}`
}

async function nextIn(
  context: RepairContext,
  shard: ShardId,
  { offset, operation }: Position,
): Promise<string> {
  const { log } = context
  const { earliest, next } = await log.bounds(shard)
  const held = `its log holds ${earliest} to ${next}`
  if (offset < earliest || offset > next) return `${held}, and not what comes next`
  if (offset === next) return `${held}: all is applied`
  const toCome = `${held}, ${next - offset} to come`
  const message = await readMessage(log, shard, offset)
  if (!message) return toCome
  const { unreadable, counted } = lookAtMessage(message, context)
  if (unreadable !== undefined) return `${toCome}; the first can't be read: ${unreadable}`
  const left = counted ? counted.indexes.length - operation : 0
  return `${toCome}; first ${count(left, 'operation')} of job ${counted?.job}`
}
