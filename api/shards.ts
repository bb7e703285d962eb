import { type ShardId, shardId } from '../core/position.ts'
import type { ApiOptions } from './api-options.ts'
import type { LogRoom } from './log-room.ts'
import { Problem } from './problem.ts'
import type { BoardView, ShardBoard } from './shard-board.ts'

/** The routes under `/v1/shards`: where each shard stands, and why it moves as it does. */
export function createShards({ log, reportError }: ApiOptions, board: ShardBoard, room: LogRoom) {
  return {
    async list(): Promise<Response> {
      const view = await readBoard()
      const all = Array.from({ length: log.partitions }, (_, n) => show(shardId(n), view))
      return Response.json({ log: (await room.look()) ?? null, shards: await Promise.all(all) })
    },

    async show(text: string): Promise<Response> {
      const number = /^(?:0|[1-9]\d{0,8})$/.test(text) ? Number(text) : Number.NaN
      if (!(number < log.partitions)) {
        const range = `there are shards 0 to ${log.partitions - 1}`
        throw new Problem('not-found', `No shard has this number; ${range}.`)
      }
      return Response.json(await show(shardId(number), await readBoard()))
    },
  }

  async function readBoard(): Promise<BoardView> {
    try {
      return await board.view()
    } catch (error) {
      reportError('status of the shards', error)
      throw new Problem('log-unavailable', "The shards' status can't be read from the log now.", {
        cause: error,
        headers: { 'retry-after': '5' },
      })
    }
  }

  async function show(shard: ShardId, view: BoardView): Promise<unknown> {
    const bounds = await board.bounds(shard).catch(() => undefined)
    const reported = view.shard(shard)
    if (!reported) {
      const detail = 'no worker has reported this shard yet'
      const backlogMessages = bounds ? bounds.next - bounds.earliest : null
      return { shard, reason: 'silent', detail, stale: true, backlogMessages, etaSeconds: null }
    }
    const { version: _, updatedAtMs, ...status } = reported.status
    const { reason, detail, ageMs, sameLog } = reported
    const behind = bounds && sameLog ? bounds.next - status.position.offset : null
    return {
      ...status,
      reason,
      ...(detail !== undefined && { detail }),
      stale: reason === 'silent',
      // The position may be younger than the end of the log, which is kept for a second.
      backlogMessages: behind === null ? null : Math.max(0, behind),
      etaSeconds: bounds ? view.secondsUntil(shard, bounds.next) : null,
      updatedAt: new Date(updatedAtMs).toISOString(),
      ageMs,
    }
  }
}
