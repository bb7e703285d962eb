import type { OperationKind } from '../../../core/operation.ts'
import type { Workload } from '../workload.ts'
import { createdAt, createdAtSql, tuples, userOf } from '../workload.ts'
import { title } from './upserts.ts'

/*
 * What a version guard costs: the same changes of rows that are there, of a type without one and of a
 * type with one, each beside a statement of its kind that a plain client could prepare.
 */

export const overwrites: readonly Workload[] = (['upsert', 'update'] as const).flatMap((kind) => [
  overwrite(kind, 'item', 'items', false),
  overwrite(kind, 'versionedItem', 'versioned_items', true),
])

function overwrite(
  kind: Extract<OperationKind, 'upsert' | 'update'>,
  type: string,
  table: string,
  isGuarded: boolean,
): Workload {
  const columns = ['user_id', 'title', 'saves', 'created_at']
  const insert = (from: number, to: number, shard: number, version: number) => {
    const row = (i: number) => [i + 1, userOf(i, shard), title(i + version), version, createdAtSql]
    return `INSERT INTO ${table} (id, ${columns.join()}) VALUES ${tuples(from, to, row)}`
  }
  // The version last: MySQL assigns from left to right.
  const assigned = ['user_id', 'title', 'created_at', 'saves'].map((column) =>
    isGuarded
      ? `${column} = IF(new.saves > ${table}.saves, new.${column}, ${table}.${column})`
      : `${column} = new.${column}`,
  )
  return {
    name: `overwriting ${kind}s${isGuarded ? ' with a version' : ''}`,
    tables: [table],
    batch: 1000,
    seed: (from, to, shard) => [insert(from, to, shard, 1)],
    operation: (i, shard) => ({
      type,
      kind,
      object: {
        id: String(i + 1),
        userId: String(userOf(i, shard)),
        title: title(i + 2),
        saves: 2,
        createdAt,
      },
    }),
    prebuilt: (from, to, shard) => [
      `${insert(from, to, shard, 2)} AS new ON DUPLICATE KEY UPDATE ${assigned.join()}`,
    ],
  }
}
