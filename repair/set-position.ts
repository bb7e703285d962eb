import type { LogBounds } from '../core/log.ts'
import { decodeMessage } from '../core/message.ts'
import type { Offset, Position, ShardId } from '../core/position.ts'
import { comparePositions, offset, samePosition, shardId } from '../core/position.ts'
import {
  describePosition,
  findShardRow,
  type Repair,
  repairShard,
  type ShardRow,
} from '../db/shard-repair.ts'
import type { Command, PlaceAsked } from './command.ts'
import {
  demandThisLog,
  keepsMoving,
  notDone,
  type RepairContext,
  RepairRefused,
  targetOf,
  tell,
} from './repair-context.ts'
import { readMessage, readStretch, type Stretch } from './stretch.ts'
import { count, describeStretch, listStretch } from './stretch-words.ts'

type SetPosition = Command & { name: 'set-position' }

/** A shard whose worker goes on applying moves while its stretch is read. */
const maxTries = 5

/** Moves a shard's position inside its log; forward, what lies between counts as cancelled. */
export async function setPosition(context: RepairContext, command: SetPosition): Promise<void> {
  const target = targetOf(context, command.shard)
  const shard = shardId(command.shard)
  const to = await placeOf(context, shard, command.to)
  for (let tries = 1; ; tries++) {
    const row = await findShardRow(target)
    if (row) demandThisLog(context, shard, row)
    if (row && samePosition(row.position, to)) {
      context.write(`shard ${shard} stands at ${describePosition(to)} already: nothing to do`)
      return
    }
    const move = row ? await planMove(context, shard, row, to) : await planPlace(context, shard, to)
    if (context.reason === undefined) return tell(context, [...move.lines, notDone])
    if (await repairShard(target, repairOf(context, row, to, move))) {
      return tell(context, [...move.lines, 'Done, and recorded in sluice_audit'])
    }
    if (tries === maxTries) throw keepsMoving(shard)
  }
}

/** The position asked for. Rejects if the log does not hold it. */
async function placeOf(
  { log, checksum }: RepairContext,
  shard: ShardId,
  asked: PlaceAsked,
): Promise<Position> {
  const bounds = await log.bounds(shard)
  if (asked === 'start') return { offset: bounds.earliest, operation: 0 }
  if (asked === 'end') return { offset: bounds.next, operation: 0 }
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

interface Move {
  /** What is told. */
  readonly lines: readonly string[]
  readonly effect: string
  /** What is given up. */
  readonly skipped: Stretch | undefined
}

async function planMove(
  context: RepairContext,
  shard: ShardId,
  { position: from }: ShardRow,
  to: Position,
): Promise<Move> {
  const { earliest, next } = await context.log.bounds(shard)
  const isBack = comparePositions(to, from) < 0
  const held = (position: Position) => within(position, earliest, next)
  const stretch = isBack
    ? await readStretch(context, shard, to, held(from))
    : await readStretch(context, shard, held(from), to)
  const effects = isBack ? repeated(stretch) : skipped(stretch)
  const gone = isBack ? goneBehind(from, next) : goneBefore(from, earliest)
  const way = `shard ${shard} ${context.reason === undefined ? 'would move' : 'moves'} from ${describePosition(from)} ${isBack ? 'back' : 'forward'} to ${describePosition(to)}; its log holds ${earliest} to ${next}`
  return {
    lines: [way, ...effects, ...gone, ...listStretch(stretch)],
    effect: [...effects, ...gone].join('; '),
    skipped: isBack ? undefined : stretch,
  }
}

/** For a shard whose row is gone: how far it was, nobody can tell. */
async function planPlace(context: RepairContext, shard: ShardId, to: Position): Promise<Move> {
  const { earliest, next } = await context.log.bounds(shard)
  const effects = [
    'repeated: what comes behind it and was applied before',
    'lost: what stands before it and was not',
  ]
  const way = `shard ${shard} has no position, its row is gone; it ${context.reason === undefined ? 'would be put' : 'is put'} at ${describePosition(to)}; its log holds ${earliest} to ${next}`
  return { lines: [way, ...effects], effect: effects.join('; '), skipped: undefined }
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
    'increments add once more, creates that took effect fail as already_exists, older values overwrite newer ones where a type has no version; counts of superseded and cancelled operations grow again',
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

function within(position: Position, earliest: Offset, next: Offset): Position {
  if (position.offset < earliest) return { offset: earliest, operation: 0 }
  return position.offset >= next ? { offset: next, operation: 0 } : position
}

function repairOf(
  context: RepairContext,
  row: ShardRow | undefined,
  to: Position,
  move: Move,
): Repair {
  const { who, reason, log } = context
  return {
    ...{ command: 'set-position', who, reason: reason!, effect: move.effect },
    epoch: context.newEpoch(),
    from: row,
    to: { logId: log.logId, position: to },
    undecodable: move.skipped?.unreadable ?? [],
    cancelled: move.skipped?.jobs ?? new Map(),
  }
}

function outside(shard: ShardId, at: Offset, { earliest, next }: LogBounds, why: string) {
  return new RepairRefused(
    `offset ${at} is not in the log of shard ${shard}: ${why}; it holds ${earliest} to ${next}`,
  )
}
