import { type ShardId, startOf } from '../core/position.ts'
import {
  demandShardRow,
  describePosition,
  nothingRecorded,
  readShardRow,
  type ShardRow,
} from '../db/shard-repair.ts'
import { carryOut, type Outcome, type Plan } from './carry-out.ts'
import type { Command } from './command.ts'
import {
  chosenShards,
  notDone,
  type RepairContext,
  RepairRefused,
  targetOf,
} from './repair-context.ts'

type AdoptLog = Command & { name: 'adopt-log' }

/** Puts shards whose log is gone at the start of the one that took its place. */
export async function adoptLog(context: RepairContext, command: AdoptLog): Promise<void> {
  const shards = chosenShards(context, command.shard)
  // All of them or none, as far as that can be known before.
  for (const shard of shards)
    demandLeft(context, shard, await readShardRow(targetOf(context, shard)))
  const outcomes = new Set<Outcome>()
  for (const shard of shards) {
    outcomes.add(
      await carryOut(context, shard, (row) =>
        planAdoption(context, shard, demandShardRow(targetOf(context, shard), row)),
      ),
    )
  }
  if (outcomes.has('not done')) context.write(notDone)
  if (outcomes.has('done'))
    context.write('Workers and APIs that had opened the old log must be started again')
}

async function planAdoption(context: RepairContext, shard: ShardId, row: ShardRow): Promise<Plan> {
  const { log, reason } = context
  if (row.logId === log.logId) {
    return {
      lines: [`shard ${shard} stands in log ${log.logId} already: nothing to do`],
      repair: undefined,
    }
  }
  demandLeft(context, shard, row)
  const { earliest, next } = await log.bounds(shard)
  const effect = `lost: whatever log ${row.logId} held from ${describePosition(row.position)} on, accepted and not applied; its jobs never end. Applied next: offsets ${earliest} to ${next} of the new log, also what was applied before if it is a copy of the old one`
  const isDry = reason === undefined
  const way = `shard ${shard} ${isDry ? 'would leave' : 'leaves'} log ${row.logId} at ${describePosition(row.position)} and ${isDry ? 'begin' : 'begins'} at ${earliest} of ${log.topic}, log ${log.logId}`
  return {
    lines: [way, effect],
    repair: {
      ...{ command: 'adopt-log', effect },
      to: { logId: log.logId, position: startOf(earliest) },
      ...nothingRecorded,
    },
  }
}

/** Throws if a worker holds the shard in the other log: that one lives. */
function demandLeft(
  { log }: RepairContext,
  shard: ShardId,
  { isOwned, owner, logId }: ShardRow,
): void {
  if (logId === log.logId || !isOwned) return
  throw new RepairRefused(
    `shard ${shard} is held by ${owner}, which reads log ${logId}: that log lives. Either this command's settings name another log than the workers' do, or the worker must be stopped first`,
  )
}
