import type { LogBounds } from '../core/log.ts'
import { decodeMessage } from '../core/message.ts'
import type { Offset, Position, ShardId } from '../core/position.ts'
import { comparePositions, offset, samePosition, startOf } from '../core/position.ts'
import { undecodableJob } from '../db/failures.ts'
import {
  describePosition,
  nothingRecorded,
  type RepairRecords,
  type ShardRow,
} from '../db/shard-repair.ts'
import { carryOut, type Plan } from './carry-out.ts'
import type { Command, PlaceAsked } from './command.ts'
import {
  demandThisLog,
  notDone,
  type RepairContext,
  RepairRefused,
  shardOf,
} from './repair-context.ts'
import { readMessage, readStretch, type Stretch } from './stretch.ts'
import { count, describeStretch, listStretch } from './stretch-words.ts'

type SetPosition = Command & { name: 'set-position' }

/** Moves a shard's position inside its log; forward, what lies between counts as cancelled. */
export async function setPosition(context: RepairContext, command: SetPosition): Promise<void> {
  const shard = shardOf(context, command.shard)
  const to = await placeOf(context, shard, command.to)
  const outcome = await carryOut(context, shard, async (row) => {
    if (!row) return planPlace(context, shard, to)
    demandThisLog(context, shard, row)
    return planMove(context, shard, row, to)
  })
  if (outcome === 'not done') context.write(notDone)
}

/** The position asked for. Rejects if the log does not hold it. */
async function placeOf(
  { log, checksum }: RepairContext,
  shard: ShardId,
  asked: PlaceAsked,
): Promise<Position> {
  const bounds = await log.bounds(shard)
  if (asked === 'start') return startOf(bounds.earliest)
  if (asked === 'end') return startOf(bounds.next)
  const { operation } = asked
  const at = offset(asked.offset)
  if (at > bounds.next || (at === bounds.next && operation > 0)) {
    throw outside(shard, at, bounds, `the log ends at ${bounds.next} (--to end)`)
  }
  if (at < bounds.earliest) {
    throw outside(shard, at, bounds, `the log begins at ${bounds.earliest} (--to start)`)
  }
  if (operation === 0) return { offset: at, operation }
  const message = await readMessage(log, shard, at)
  const decoded = message && decodeMessage(message.bytes, checksum)
  const operations = decoded?.kind === 'message' ? decoded.message.operations.length : 0
  if (operation < operations) return { offset: at, operation }
  throw new RepairRefused(
    operations === 0
      ? `shard ${shard} has no message at offset ${at} whose operations could be counted: say --to ${at}`
      : `the message at offset ${at} has ${count(operations, 'operation')}, 0 to ${operations - 1}: say --to ${at + 1} for the one behind it`,
  )
}

async function planMove(
  context: RepairContext,
  shard: ShardId,
  { position: from }: ShardRow,
  to: Position,
): Promise<Plan> {
  if (samePosition(from, to)) {
    const there = `shard ${shard} stands at ${describePosition(to)} already: nothing to do`
    return { lines: [there], repair: undefined }
  }
  const { log } = context
  const { earliest, next } = await log.bounds(shard)
  const isBack = comparePositions(to, from) < 0
  const held = (position: Position) => clampedTo(position, earliest, next)
  const stretch = isBack
    ? await readStretch(context, shard, to, held(from))
    : await readStretch(context, shard, held(from), to)
  const effects = isBack ? repeated(stretch) : skipped(stretch)
  const gone = isBack ? goneBehind(from, next) : goneBefore(from, earliest)
  const way = `shard ${shard} ${context.reason === undefined ? 'would move' : 'moves'} from ${describePosition(from)} ${isBack ? 'back' : 'forward'} to ${describePosition(to)}; its log holds ${earliest} to ${next}`
  return {
    lines: [way, ...effects, ...gone, ...listStretch(stretch)],
    repair: {
      ...{ command: 'set-position', effect: [...effects, ...gone].join('; ') },
      to: { logId: log.logId, position: to },
      ...(isBack ? outdatedBy(stretch, log.logId, to, from) : givenUp(stretch)),
    },
  }
}

/** For a shard whose row is gone: how far it was, nobody can tell. */
async function planPlace(context: RepairContext, shard: ShardId, to: Position): Promise<Plan> {
  const { log, reason } = context
  const { earliest, next } = await log.bounds(shard)
  const effects = [
    'repeated: what comes behind it and was applied before',
    'lost: what stands before it and was not',
  ]
  const way = `shard ${shard} has no position, its row is gone; it ${reason === undefined ? 'would be put' : 'is put'} at ${describePosition(to)}; its log holds ${earliest} to ${next}`
  return {
    lines: [way, ...effects],
    repair: {
      ...{ command: 'set-position', effect: effects.join('; ') },
      to: { logId: log.logId, position: to },
      ...nothingRecorded,
    },
  }
}

function givenUp({ jobs, unreadable }: Stretch): RepairRecords {
  const cancelled = new Map(Array.from(jobs, ([job, { operations }]) => [job, operations]))
  return { ...nothingRecorded, undecodable: unreadable, cancelled }
}

/** What failed there before is applied again: it fails anew, or not at all. */
function outdatedBy({ jobs }: Stretch, logId: string, to: Position, from: Position): RepairRecords {
  const failed = [...jobs].flatMap(([job, { applicable }]) =>
    applicable ? [{ job, ...applicable }] : [],
  )
  const raw = { job: undecodableJob(logId), first: to.offset, last: from.offset - 1 }
  const outdated = raw.first <= raw.last ? [...failed, raw] : failed
  return { ...nothingRecorded, outdated }
}

function skipped(stretch: Stretch): string[] {
  if (stretch.messages === 0) return ['lost: nothing that the log still holds']
  const lost = `lost: ${describeStretch(stretch)}; never applied, and counted as cancelled in their jobs`
  if (stretch.unreadable.length === 0) return [lost]
  return [
    lost,
    'kept raw: what can’t be read goes to sluice_failures; the operations in it count as applied in their jobs, which nobody can tell any more',
  ]
}

function repeated(stretch: Stretch): string[] {
  if (stretch.messages === 0) return ['repeated: nothing that the log still holds']
  const again = [
    `repeated: ${describeStretch(stretch)}`,
    'increments add once more, creates that took effect fail as already_exists, older values overwrite newer ones where a type has no version; failures recorded of them are removed, and counts of superseded and cancelled ones grow again',
  ]
  if (stretch.once === 0) return again
  return [
    ...again,
    `not repeated: ${count(stretch.once, 'operation')} of them came with an Idempotency-Key or are retries: within 24 hours of their publishing, and of retries always, those that were settled are dropped as copies`,
  ]
}

/** What was deleted before it was applied. */
function goneBefore(from: Position, earliest: Offset): string[] {
  if (from.offset >= earliest) return []
  return [
    `gone already: offsets ${from.offset} to ${earliest - 1}, deleted before they were applied`,
  ]
}

/** What the shard applied, and the log has lost. */
function goneBehind(from: Position, next: Offset): string[] {
  if (from.offset <= next) return []
  return [
    `the log lost offsets ${next} to ${from.offset - 1}, which the shard has applied: if messages were published since, they begin below ${next}, and it is the first of them to move to`,
  ]
}

function clampedTo(position: Position, earliest: Offset, next: Offset): Position {
  if (position.offset < earliest) return startOf(earliest)
  return position.offset >= next ? startOf(next) : position
}

function outside(shard: ShardId, at: Offset, { earliest, next }: LogBounds, why: string) {
  return new RepairRefused(
    `offset ${at} is not in the log of shard ${shard}: ${why}; it holds ${earliest} to ${next}`,
  )
}
