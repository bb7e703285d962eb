import type { Position } from '../../core/position.ts'
import { offset } from '../../core/position.ts'
import type { ModelTables } from '../support/model-tables.ts'
import { Records } from './records.ts'

type Cell = string | number | null

/** A shard's row of sluice_offsets, by column. */
export type OffsetsRow = Readonly<Record<string, Cell>>

/** All that a shard's database holds, as it was committed; it never changes in place. */
export interface ShardState {
  readonly offsets: OffsetsRow
  readonly tables: ModelTables
  readonly records: Records
}

export function newShard(
  tables: ModelTables,
  log: { readonly topic: string; readonly logId: string },
  shard: number,
): ShardState {
  const row = { topic: log.topic, partition_id: shard, log_id: log.logId, epoch: '', owner: '' }
  return {
    offsets: { ...row, next_offset: 0, next_operation: 0, updated_at: 0 },
    tables,
    records: new Records(),
  }
}

export function positionOf({ offsets }: ShardState): Position {
  return {
    offset: offset(Number(offsets.next_offset)),
    operation: Number(offsets.next_operation),
  }
}
