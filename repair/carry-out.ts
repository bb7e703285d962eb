import type { ShardId } from '../core/position.ts'
import { findShardRow, HeldShard, type Repair, type ShardRow } from '../db/shard-repair.ts'
import { type RepairContext, targetOf } from './repair-context.ts'

/** What a command makes of a shard as it stands. */
export interface Plan {
  /** What is told. */
  readonly lines: readonly string[]
  /** Undefined if there is nothing to do. */
  readonly repair: Omit<Repair, 'who' | 'reason' | 'epoch'> | undefined
}

/** What was planned. A dry run only tells it. */
export type Outcome = 'nothing to do' | 'not done' | 'done'

/**
 * Plans, tells, and does it. Unless it is a dry run the shard is held from before the plan on: what
 * the plan counts is what is skipped or repeated, however fast its worker is.
 */
export async function carryOut(
  context: RepairContext,
  shard: ShardId,
  plan: (row: ShardRow | undefined) => Promise<Plan>,
): Promise<Outcome> {
  const { who, reason, newEpoch, write } = context
  const target = targetOf(context, shard)
  if (reason === undefined) {
    const { lines, repair } = await plan(await findShardRow(target))
    for (const line of lines) write(line)
    return repair ? 'not done' : 'nothing to do'
  }
  const held = await HeldShard.hold(target)
  try {
    const { lines, repair } = await plan(held.row)
    if (repair) await held.repair({ ...repair, who, reason, epoch: newEpoch() })
    for (const line of lines) write(line)
    if (repair) write('Done, and recorded in sluice_audit')
    return repair ? 'done' : 'nothing to do'
  } finally {
    await held.release()
  }
}
