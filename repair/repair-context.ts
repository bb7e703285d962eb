import type { Log } from '../core/log.ts'
import type { Checksum } from '../core/message.ts'
import type { ObjectType } from '../core/object-type.ts'
import type { ShardId } from '../core/position.ts'
import { shardId } from '../core/position.ts'
import type { RepairTarget, ShardRow } from '../db/shard-repair.ts'

/** What a command works on. */
export interface RepairContext {
  /** Read, never joined: a worker may hold it meanwhile. */
  readonly log: Log
  readonly types: ReadonlyMap<string, ObjectType>
  readonly checksum: Checksum
  /** By shard number. */
  readonly targets: readonly RepairTarget[]
  readonly who: string
  /** Undefined is a dry run. */
  readonly reason: string | undefined
  newEpoch(): string
  /** A line for people. */
  write(line: string): void
}

/** A command that makes no sense as things are; nothing was changed. */
export class RepairRefused extends Error {
  override readonly name = 'RepairRefused'
}

/** A shard by the number that was given. Throws if the config has none of that number. */
export function shardOf({ targets }: RepairContext, number: number): ShardId {
  if (targets[number]) return shardId(number)
  throw new RepairRefused(
    `the config has no shard ${number}: its shards are 0 to ${targets.length - 1}`,
  )
}

export function targetOf({ targets }: RepairContext, shard: ShardId): RepairTarget {
  return targets[shard]!
}

export function chosenShards(context: RepairContext, number: number | undefined): ShardId[] {
  return number === undefined
    ? context.targets.map((_, n) => shardId(n))
    : [shardOf(context, number)]
}

export const notDone = 'Nothing was changed. To do it, say it again with --yes --reason "why"'

/** Throws if the shard's position counts in another log. */
export function demandThisLog({ log }: RepairContext, shard: ShardId, row: ShardRow): void {
  if (row.logId === log.logId) return
  throw new RepairRefused(
    `shard ${shard} stands in log ${row.logId}, but ${log.topic} is log ${log.logId}: an offset of one means nothing in the other. Bring the old log back, or see adopt-log`,
  )
}
