/** How a shard's connections behave; each has a default in `defaultStoreSettings`. */
export interface StoreSettings {
  /** For connecting, and again for preparing the session. */
  readonly connectTimeoutMs: number
  /** A statement that takes longer is killed. Above the lock wait, which should end first. */
  readonly statementTimeoutMs: number
  /** InnoDB's and metadata locks; whole seconds, as MySQL has it. */
  readonly lockWaitSeconds: number
  /** How long a claim waits for the shard's row before it takes the holder for a zombie. */
  readonly claimLockWaitMs: number
  /** MySQL closes a window connection that says nothing for so long, and frees what it holds. */
  readonly idleSeconds: number
  /** Whether a column that was narrowed stops the shard; else the rows that do not fit fail. */
  readonly stopsAtNarrowed: boolean
}

export const defaultStoreSettings: StoreSettings = {
  connectTimeoutMs: 5_000,
  statementTimeoutMs: 10_000,
  lockWaitSeconds: 3,
  claimLockWaitMs: 300,
  idleSeconds: 60,
  stopsAtNarrowed: false,
}

/** Session variables by name, as MySQL reads them back. */
export type SessionSettings = Readonly<Record<string, string | number>>

/**
 * The state that exactly-once writing rests on. After a deadlock MySQL has ended the transaction
 * silently, and only with autocommit off is the next statement still in one. READ COMMITTED, since
 * REPEATABLE READ locks gaps against online inserts. An id of 0 is an id.
 */
export function windowSettings(settings: StoreSettings): SessionSettings {
  return {
    autocommit: 0,
    transaction_isolation: 'READ-COMMITTED',
    transaction_read_only: 0,
    time_zone: '+00:00',
    sql_mode: strictModes,
    foreign_key_checks: 1,
    unique_checks: 1,
    sql_safe_updates: 0,
    innodb_lock_wait_timeout: settings.lockWaitSeconds,
    lock_wait_timeout: settings.lockWaitSeconds,
    wait_timeout: settings.idleSeconds,
    ...utf8mb4,
  }
}

const strictModes = [
  'NO_AUTO_VALUE_ON_ZERO',
  'STRICT_TRANS_TABLES',
  'STRICT_ALL_TABLES',
  'NO_ZERO_IN_DATE',
  'NO_ZERO_DATE',
  'ERROR_FOR_DIVISION_BY_ZERO',
  'NO_ENGINE_SUBSTITUTION',
].join()

const utf8mb4 = {
  character_set_client: 'utf8mb4',
  character_set_results: 'utf8mb4',
  collation_connection: 'utf8mb4_0900_ai_ci',
}

/** For what a worker writes beside its windows: each statement stands for itself. */
export function sideSettings(settings: StoreSettings): SessionSettings {
  return { ...windowSettings(settings), autocommit: 1 }
}

/** Reads only, in transactions of one SELECT each. */
export function readerSettings(settings: StoreSettings): SessionSettings {
  return {
    autocommit: 1,
    transaction_isolation: 'READ-COMMITTED',
    transaction_read_only: 1,
    time_zone: '+00:00',
    max_execution_time: settings.statementTimeoutMs,
    ...utf8mb4,
  }
}

/** Each statement of a migration stands for itself: MySQL commits DDL anyway. */
export const migrationSettings: SessionSettings = {
  autocommit: 1,
  time_zone: '+00:00',
  sql_mode: strictModes,
  ...utf8mb4,
}

/** `SET SESSION a = …, b = …`. */
export function setSettings(settings: SessionSettings): string {
  const assignments = Object.entries(settings).map(([name, value]) =>
    typeof value === 'number' ? `${name} = ${value}` : `${name} = '${value}'`,
  )
  return `SET SESSION ${assignments.join(', ')}`
}

/** `SELECT @@session.a AS a, …`: what MySQL, or a proxy before it, made of them. */
export function readBackSettings(settings: SessionSettings): string {
  const columns = Object.keys(settings).map((name) => `@@session.${name} AS ${name}`)
  return `SELECT ${columns.join(', ')}`
}

/** The first setting that is not as set: `time_zone is SYSTEM, expected +00:00`. */
export function differingSetting(
  settings: SessionSettings,
  found: Readonly<Record<string, unknown>>,
): string | undefined {
  for (const [name, value] of Object.entries(settings)) {
    if (!sameSetting(String(value), String(found[name]))) {
      return `${name} is ${found[name]}, expected ${value}`
    }
  }
  return undefined
}

/** MySQL lists modes in an order of its own. */
function sameSetting(a: string, b: string): boolean {
  return a.split(',').sort().join() === b.split(',').sort().join()
}
