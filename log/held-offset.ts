import { type LogBounds, LogError } from '../core/log.ts'
import type { Offset, ShardId } from '../core/position.ts'

/** Throws unless a reader may start at `from`: an offset that is held, or the next one. */
export function checkHeld(shard: ShardId, from: Offset, { earliest, next }: LogBounds): void {
  if (from >= earliest && from <= next) return
  const held = earliest === next ? 'nothing' : `${earliest} to ${next - 1}`
  throw new LogError(
    'out_of_range',
    from < earliest
      ? `Shard ${shard} was to be read from offset ${from}, which is trimmed away (held: ${held})`
      : `Shard ${shard} was to be read from offset ${from}, past the end (held: ${held})`,
  )
}
