import { type LogBounds, LogError } from '../core/log.ts'
import type { Offset, ShardId } from '../core/position.ts'

/** Throws unless a reader may start at `from`: an offset that is held, or the next one. */
export function checkHeld(shard: ShardId, from: Offset, { earliest, next }: LogBounds): void {
  if (from >= earliest && from <= next) return
  const held = earliest === next ? 'nothing' : `${earliest} to ${next - 1}`
  const where = from < earliest ? 'which is trimmed away' : 'past the end'
  const remedy = `npm run repair -- show --shard ${shard} says where it stands, docs/runbook.md what to do`
  throw new LogError(
    'out_of_range',
    `Shard ${shard} was to be read from offset ${from}, ${where} (held: ${held}); ${remedy}`,
  )
}
