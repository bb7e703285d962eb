import { describe, expect, test } from 'vitest'
import { type MysqlError, rowFailureOf, storeErrorOf } from '../../db/mysql-errors.ts'

const error = (errno: number, sqlMessage: string, code = `ER_${errno}`): MysqlError =>
  Object.assign(new Error(sqlMessage), { errno, code, sqlMessage, sqlState: 'HY000' })

describe('a row failure', () => {
  const cases: [number, string, string, string][] = [
    [1048, "Column 'title' cannot be null", 'null_value', 'a value is missing: column title'],
    [
      ...([1062, "Duplicate entry 'x' for key 'a.b' for key 'users.name'"] as const),
      ...(['duplicate_value', 'another object has this value already: key users.name'] as const),
    ],
    [
      ...([
        1292,
        "Incorrect datetime value: 'x' for column 'c' at row 9' for column 'at' at row 1",
      ] as const),
      ...(['invalid_value', 'a value is not valid: column at'] as const),
    ],
    [
      1264,
      "Out of range value for column 'n' at row 3",
      'out_of_range',
      'a value is out of range: column n',
    ],
    [
      1406,
      "Data too long for column 'title' at row 501",
      'too_long',
      'a value is too long: column title',
    ],
    [
      ...([3156, 'Invalid JSON value for CAST to INTEGER from column id at row 1'] as const),
      ...(['invalid_value', 'a value is not valid: column id'] as const),
    ],
    [
      1452,
      'Cannot add or update a child row: a foreign key constraint fails (`s`.`pins`, CONSTRAINT `pins_user` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`))',
      'foreign_key',
      'a foreign key forbids it: constraint pins_user',
    ],
    [
      3819,
      "Check constraint 'positive' is violated.",
      'check_violation',
      'a check forbids it: check positive',
    ],
    [
      1644,
      'user ada owes 12 euros',
      'rejected_by_trigger',
      'a trigger rejected it: SQLSTATE HY000',
    ],
    [
      1690,
      "BIGINT value is out of range in '(12 + 13)'",
      'out_of_range',
      'a value is out of range',
    ],
  ]
  test.for(cases)('%i names columns and keys, never values', ([errno, text, code, message]) => {
    expect(rowFailureOf(error(errno, text))).toEqual({ code, message })
  })

  test('is only what the table lists', () => {
    expect(rowFailureOf(error(1213, 'Deadlock found'))).toBeUndefined()
    expect(rowFailureOf(error(9999, 'new in MySQL 12'))).toBeUndefined()
    expect(rowFailureOf(new Error('of the program'))).toBeUndefined()
  })
})

describe('any other error', () => {
  const cases: [MysqlError | Error, string][] = [
    [error(1213, 'Deadlock found'), 'retry'],
    [error(1205, 'Lock wait timeout exceeded'), 'timeout'],
    [error(1317, 'Query execution was interrupted'), 'timeout'],
    [error(1040, 'Too many connections'), 'back_off'],
    [error(1114, "The table 'pins' is full"), 'back_off'],
    [error(1290, 'running with the --read-only option'), 'reconnect'],
    [error(1792, 'Cannot execute statement in a READ ONLY transaction.'), 'reconnect'],
    [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'reconnect'],
    [Object.assign(new Error("Can't add new command"), { fatal: true }), 'reconnect'],
    [error(1054, "Unknown column 'titel' in 'field list'"), 'stop'],
    [error(1146, "Table 'sluice_0.pins' doesn't exist"), 'stop'],
    [error(9999, 'secret of MySQL 12'), 'unknown'],
    [new Error('a bug'), 'unknown'],
  ]
  test.for(cases)('%s', ([cause, action]) => {
    expect(storeErrorOf(cause, 'shard 1')).toMatchObject({ action })
  })

  test('says what was tried and MySQL’s code, but not its text', () => {
    const { message, code } = storeErrorOf(error(9999, 'secret'), 'shard 1 (db1/sluice_1)')
    expect(message).toBe('shard 1 (db1/sluice_1): MySQL error 9999 ER_9999')
    expect(code).toBe('ER_9999')
  })

  test('of the tables says which and what to do', () => {
    const drift = error(1054, "Unknown column 'titel' in 'field list'", 'ER_BAD_FIELD_ERROR')
    expect(storeErrorOf(drift, 'shard 1').message).toBe(
      'shard 1: MySQL error 1054 ER_BAD_FIELD_ERROR (column titel): a database, table, column or key is missing, or another one than the config knows; run npm run migrate, or undo the change',
    )
  })
})
