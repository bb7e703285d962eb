import type { MysqlError } from '../../db/mysql-errors.ts'

function error(errno: number, code: string, message: string): MysqlError {
  return Object.assign(new Error(message), { errno, code, sqlMessage: message })
}

/** What the server answers, each as new as it would be. */
export const serverErrors = {
  deadlock: () => error(1213, 'ER_LOCK_DEADLOCK', 'Deadlock found'),
  lockWait: () => error(1205, 'ER_LOCK_WAIT_TIMEOUT', 'Lock wait timeout exceeded'),
  lockedByOther: () => error(3572, 'ER_LOCK_NOWAIT', 'locks could not be acquired immediately'),
  interrupted: () => error(1317, 'ER_QUERY_INTERRUPTED', 'Query execution was interrupted'),
  diskFull: () => error(1114, 'ER_RECORD_FILE_FULL', 'The table is full'),
  readOnly: () => error(1290, 'ER_OPTION_PREVENTS_STATEMENT', 'running with --read-only'),
  drift: () => error(1146, 'ER_NO_SUCH_TABLE', "Table 'a.b' doesn't exist"),
  unknownError: () => error(9998, 'ER_OF_ANOTHER_AGE', 'An error that no table names'),
  noConnection: () => error(1040, 'ER_CON_COUNT_ERROR', 'Too many connections'),
  noSavepoint: () => error(1305, 'ER_SP_DOES_NOT_EXIST', 'SAVEPOINT sluice does not exist'),
  noThread: () => error(1094, 'ER_NO_SUCH_THREAD', 'Unknown thread id'),
} as const

export type ServerError = keyof typeof serverErrors

/** What the client says when the connection is gone. */
export function connectionLost(code = 'PROTOCOL_CONNECTION_LOST'): MysqlError {
  return Object.assign(new Error('Connection lost'), { code, fatal: true })
}
