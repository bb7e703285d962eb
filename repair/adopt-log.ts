import type { ShardId } from '../core/position.ts'
import { describePosition, readShardRow, repairShard, type ShardRow } from '../db/shard-repair.ts'
import type { Command } from './command.ts'
import {
  chosenShards,
  keepsMoving,
  notDone,
  type RepairContext,
  RepairRefused,
  targetOf,
  tell,
} from './repair-context.ts'

type AdoptLog = Command & { name: 'adopt-log' }

/** Puts shards whose log is gone at the start of the one that took its place. */
export async function adoptLog(context: RepairContext, command: AdoptLog): Promise<void> {
  const { log, write } = context
  const rows = new Map<ShardId, ShardRow>()
  for (const shard of chosenShards(context, command.shard)) {
    const row = await readShardRow(targetOf(context, shard))
    if (row.logId === log.logId)
      write(`shard ${shard} stands in log ${log.logId} already: nothing to do`)
    else rows.set(shard, row)
  }
  for (const [shard, row] of rows) if (row.isOwned) throw stillRead(shard, row)
  for (const [shard, row] of rows) await adopt(context, shard, row)
  if (rows.size === 0) return
  if (context.reason === undefined) write(notDone)
  else write('Workers and APIs that had opened the old log must be started again')
}

async function adopt(context: RepairContext, shard: ShardId, row: ShardRow): Promise<void> {
  const { log, who, reason } = context
  const { earliest, next } = await log.bounds(shard)
  const effect = `lost: whatever log ${row.logId} held from ${describePosition(row.position)} on, accepted and not applied; its jobs never end. Applied next: offsets ${earliest} to ${next} of the new log, also what was applied before if it is a copy of the old one`
  const isDry = reason === undefined
  const lines = [
    `shard ${shard} ${isDry ? 'would leave' : 'leaves'} log ${row.logId} at ${describePosition(row.position)} and ${isDry ? 'begin' : 'begins'} at ${earliest} of ${log.topic}, log ${log.logId}`,
    effect,
  ]
  if (isDry) return tell(context, lines)
  const isDone = await repairShard(targetOf(context, shard), {
    ...{ command: 'adopt-log', who, reason, effect },
    epoch: context.newEpoch(),
    from: row,
    to: { logId: log.logId, position: { offset: earliest, operation: 0 } },
    undecodable: [],
    cancelled: new Map(),
  })
  if (!isDone) throw keepsMoving(shard)
  tell(context, [...lines, 'Done, and recorded in sluice_audit'])
}

function stillRead(shard: ShardId, { owner, logId }: ShardRow): RepairRefused {
  return new RepairRefused(
    `shard ${shard} is held by ${owner}, which reads log ${logId}: that log lives. Either this command's settings name another log than the workers' do, or the worker must be stopped first`,
  )
}
