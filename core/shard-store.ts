import type { FailedOperation, UndecodableMessage } from './failure.ts'
import type { Position, ShardId } from './position.ts'
import type { BlockId, RequestBlock, RequestChanges } from './request-blocks.ts'
import type { PositionHistory } from './retention.ts'
import type { Statement, StatementResult } from './statement.ts'

/** The worker's way into the shards: claims, and windows applied exactly once. */
export interface ShardStore {
  /**
   * Opens a window connection, checks the session's settings and the database's identity, and makes
   * this worker the shard's only writer: a new epoch under a short lock wait; a zombie's open
   * transaction that holds the row is killed. Rejects with a `StoreError`.
   */
  claim(shard: ShardId, claim: Claim): Promise<ShardSession>
  /**
   * Opens where a shard stands and stood in a log, over a connection of its own, whoever has claimed
   * it. Rejects with a `StoreError`, as do its calls.
   */
  history(shard: ShardId, log: Pick<Claim, 'topic' | 'logId'>): Promise<ShardHistory>
  close(): Promise<void>
}

export interface Claim {
  readonly topic: string
  readonly logId: string
  /** Random, new for each claim. */
  readonly epoch: string
  /** Names the worker for people: host, process id, runtime. */
  readonly owner: string
}

/** A shard's notes of its own positions, behind what it has committed. No call waits for a window. */
export interface ShardHistory {
  /** The newest notes, bounded in number. */
  read(): Promise<PositionHistory>
  /** Notes where the shard stands, in the moment that it is noted. */
  note(): Promise<void>
  /** Drops notes older than one, some at a time: what is left goes with the next call. */
  forget(beforeId: number): Promise<void>
  close(): Promise<void>
}

/** A claimed shard. One transaction at a time. */
export interface ShardSession {
  readonly shard: ShardId
  /** Where the shard stood when it was claimed. */
  readonly position: Position
  /**
   * What one statement's rows may take by `operationBytes`, so that the server takes the statement.
   * Another connection may have another limit.
   */
  readonly statementBytes: number
  /** When it was claimed, by the database's clock: grows with each claim of the shard. */
  readonly claimedAtMs: number
  /** Makes ahead of time what `run` will send for a statement, while another one runs. */
  prepare(statement: Statement): void
  /**
   * Opens a transaction and moves the shard's position from `from` to `to` under this session's
   * epoch. `fenced` if the row is no longer there at (epoch, from): nothing is open then, and
   * `settle` tells what happened.
   */
  begin(from: Position, to: Position): Promise<WindowTransaction | 'fenced'>
  /**
   * Reads the shard's row FOR UPDATE, on a new connection after the old one is killed: where this
   * session goes on from, or `lost` if another epoch owns the shard. Called after a fence that
   * matched nothing and after a COMMIT whose answer is unclear.
   */
  settle(): Promise<Position | 'lost'>
  /**
   * Reads where the shard stands, without a lock, while no window is open: nothing else tells an idle
   * shard that it was restored, or that another epoch owns it (`lost`).
   */
  look(): Promise<Position | 'lost'>
  close(): Promise<void>
}

/** One open transaction. After any rejection it is over: rolled back, its connection discarded or clean. */
export interface WindowTransaction {
  /** What is known of keyed requests: of these blocks those that are there, held until the end. */
  readRequests(blocks: readonly BlockId[]): Promise<readonly RequestBlock[]>
  /** Removes what was recorded under jobs, since they begin anew. */
  clearJobs(jobs: ReadonlySet<string>): Promise<void>
  /** Marks the point that `rollbackToSavepoint` returns to. Only one is open at a time. */
  savepoint(): Promise<void>
  rollbackToSavepoint(): Promise<void>
  run(statement: Statement): Promise<StatementResult>
  /** The same for isolating what fails: MySQL does more to name the row at which it does. */
  runNaming(statement: Statement): Promise<StatementResult>
  /**
   * Marks recorded failures as sent again, so that each is once, however often and whenever its job
   * is retried. Of those that are, it removes what the retry's job left from an earlier use of its id.
   * A verdict on each, in their order.
   */
  markRetried(failures: readonly RetriedFailure[]): Promise<readonly RetryVerdict[]>
  /** Records failures, counts and keyed requests in this transaction. */
  record(records: WindowRecords): Promise<void>
  /** Rejects with a StoreError of action `unclear` when the answer is lost. */
  commit(): Promise<void>
  rollback(): Promise<void>
}

/** A recorded failure, and the job that sends its operation again under the same index. */
export interface RetriedFailure {
  readonly job: string
  readonly operation: number
  readonly retry: string
}

/** `again`: an earlier retry sent it. `gone`: it is recorded no more, so nobody can tell. */
export type RetryVerdict = 'first' | 'again' | 'gone'

export interface WindowRecords {
  readonly failed: readonly FailedOperation[]
  readonly undecodable: readonly UndecodableMessage[]
  /** Superseded operations, counted per job. */
  readonly superseded: ReadonlyMap<string, number>
  /** Those of cancelled jobs that were not run, counted per job. */
  readonly cancelled: ReadonlyMap<string, number>
  /** Of a window that holds operations of keyed requests. */
  readonly requests?: RequestChanges
}

export type StoreErrorAction =
  /** The same window again: a deadlock. */
  | 'retry'
  /** The watchdog ended the statement, or a lock wait ran out: halve the window, tell the breaker. */
  | 'timeout'
  /** The server takes no statement of this size: fewer operations. */
  | 'too_large'
  /** MySQL has no connection, disk or memory to give: wait, then again. */
  | 'back_off'
  /** The connection is gone, or this server does not take writes: connect anew. */
  | 'reconnect'
  /** Whether the COMMIT took effect is unknown: `settle` finds out. */
  | 'unclear'
  /** Another epoch owns the shard. */
  | 'fenced'
  /** Going on would be wrong until somebody acts: drift, identity, a missing or foreign row. */
  | 'stop'
  /** An error that no table names. Retried, then isolated. */
  | 'unknown'

/** An error that is not a row's. The message never carries SQL or values. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly action: StoreErrorAction
  /** MySQL's or the client's code, for alerts. */
  readonly code: string

  constructor(action: StoreErrorAction, code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.action = action
    this.code = code
  }
}
