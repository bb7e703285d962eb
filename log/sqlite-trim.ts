import { LogError } from '../core/log.ts'
import type { Offset, ShardId } from '../core/position.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import type { SqlitePartitions } from './sqlite-partitions.ts'
import { type SqliteWriter, throwLogError } from './sqlite-writer.ts'

/** What stays in the file unused, for what comes next: as much as this, or as a part of the file. */
const keptFreeBytes = 16 * 1024 * 1024
const keptFreeShare = 1 / 4
/** Given back by one transaction: some milliseconds. */
const pagesAtOnce = 128

/**
 * Deletes a partition's messages before an offset, some in each transaction, so that publishes come
 * between. The first offset held moves along, so that one that is broken off leaves no gap.
 */
export async function trimPartition(
  partitions: SqlitePartitions,
  writer: SqliteWriter,
  shard: ShardId,
  before: Offset,
): Promise<void> {
  if (before > partitions.bounds(shard).next) {
    const message = `Shard ${shard} ends before offset ${before}: nothing was trimmed`
    throw new LogError('out_of_range', message)
  }
  while (partitions.bounds(shard).earliest < before) {
    await writer.write(0, () => partitions.dropFirst(shard, before)).catch(notTrimmed)
  }
}

/**
 * Gives the file system back what is free in the file beyond what the next messages will take. A
 * file that was made before there was any trimming keeps its size, and is filled again.
 */
export async function giveBackSpace(database: SqliteDatabase, writer: SqliteWriter): Promise<void> {
  if (!database.canShrink || sparePages(database) < pagesAtOnce) return
  while (sparePages(database) >= pagesAtOnce) {
    // Asked for its rows, since without that Deno makes but the first step, which is one page.
    const vacuum = `PRAGMA incremental_vacuum(${pagesAtOnce})`
    await writer.write(0, (connection) => connection.prepare(vacuum).all()).catch(notTrimmed)
  }
  // The file itself shrinks only once the write-ahead log is copied into it.
  database.connection.exec('PRAGMA wal_checkpoint(PASSIVE)')
}

function sparePages(database: SqliteDatabase): number {
  const { all, free, pageBytes } = database.size()
  return free - Math.max(keptFreeBytes / pageBytes, all * keptFreeShare)
}

function notTrimmed(error: unknown): never {
  throwLogError(error, 'The log could not be trimmed')
}
