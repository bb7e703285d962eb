import type { LocalDeployment } from '../e2e/local-deployment.ts'
import { queryMysql } from '../e2e/local-deployment.ts'

/** A change of a shard's row in `sluice_offsets`, written down by MySQL in the same transaction. */
export interface Move {
  readonly shard: number
  readonly epoch: string
  readonly owner: string
  /** `offset.operation` before and after; the same for a claim. */
  readonly from: string
  readonly to: string
  /** When the row was written, by MySQL's clock, which is this machine's. */
  readonly atMs: number
}

/** More than a test brings about, of one shard. */
const mostMoves = 1_000_000

const script = `
CREATE TABLE faults_moves (
  n BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  epoch VARCHAR(128) NOT NULL,
  owner VARCHAR(255) NOT NULL,
  before_it VARCHAR(64) NOT NULL,
  after_it VARCHAR(64) NOT NULL,
  at_ms DOUBLE NOT NULL
);
CREATE TRIGGER faults_moves AFTER UPDATE ON sluice_offsets FOR EACH ROW
  INSERT INTO faults_moves (epoch, owner, before_it, after_it, at_ms) VALUES (
    NEW.epoch, NEW.owner,
    CONCAT(OLD.next_offset, '.', OLD.next_operation),
    CONCAT(NEW.next_offset, '.', NEW.next_operation),
    UNIX_TIMESTAMP(SYSDATE(6)) * 1000
  )`

/** Has MySQL keep account of who moved each shard's position, from where to where, and when. */
export class Audit {
  readonly #deployment: LocalDeployment

  constructor(deployment: LocalDeployment) {
    this.#deployment = deployment
  }

  async install(): Promise<void> {
    await Promise.all(this.#deployment.shardUrls.map((url) => queryMysql(url, script)))
  }

  /** All moves that count, that is, of transactions that were committed; shard by shard, in order. */
  async moves(sinceMs = 0): Promise<readonly Move[]> {
    const found = await Promise.all(
      this.#deployment.shardUrls.map(async (url, shard) => {
        const rows = await queryMysql(
          url,
          `SELECT * FROM faults_moves WHERE at_ms >= ${sinceMs} ORDER BY n LIMIT ${mostMoves}`,
        )
        return rows.map(
          (row): Move => ({
            shard,
            epoch: row.epoch,
            owner: row.owner,
            from: row.before_it,
            to: row.after_it,
            atMs: Number(row.at_ms),
          }),
        )
      }),
    )
    return found.flat()
  }
}

/**
 * What breaks the chain: each move begins where the one before it ended, and an epoch that another
 * one followed moves nothing any more.
 */
export function brokenMoves(moves: readonly Move[]): string[] {
  const broken: string[] = []
  for (const [shard, own] of Map.groupBy(moves, (move) => move.shard)) {
    const over = new Set<string>()
    for (const [i, move] of own.entries()) {
      const before = own[i - 1]
      if (!before) continue
      if (move.epoch !== before.epoch) over.add(before.epoch)
      if (over.has(move.epoch)) broken.push(`shard ${shard}: ${move.owner} moved it after its time`)
      if (move.from !== before.to) {
        broken.push(`shard ${shard}: moved from ${move.from}, but it stood at ${before.to}`)
      }
    }
  }
  return broken
}

/** The longest time between two windows of one shard; only where operations came all the time. */
export function longestStandstillMs(moves: readonly Move[], fromMs: number, toMs: number): number {
  let longest = 0
  for (const own of Map.groupBy(moves, (move) => move.shard).values()) {
    const times = own
      .filter(({ from, to, atMs }) => from !== to && atMs >= fromMs && atMs <= toMs)
      .map(({ atMs }) => atMs)
    for (const [i, atMs] of [...times, toMs].entries()) {
      longest = Math.max(longest, atMs - (times[i - 1] ?? fromMs))
    }
  }
  return longest
}
