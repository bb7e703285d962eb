import type { FailureCode } from '../../core/failure.ts'
import type { OperationKind, WireObject } from '../../core/operation.ts'

/**
 * A way for one row of a batch to fail, past the validation of the API: the table is changed after
 * the config was made, or the value is one that validation would have refused.
 */
export interface IsolationCase {
  readonly errno: number
  readonly what: string
  readonly code: FailureCode
  readonly kinds: readonly OperationKind[]
  /** What is done to table n before the batch; the others are changed alike where that matters. */
  readonly changes?: (n: number, badId: number) => readonly string[]
  /** What the bad row has in table n that the good ones do not. */
  readonly bad?: (n: number) => WireObject
  /** For increments: the bad row's amounts. */
  readonly by?: (n: number) => WireObject
}

const writes = ['create', 'upsert', 'update'] as const
const alter = (change: string) => (n: number) => [`ALTER TABLE part_${n} ${change}`]
const title = (value: WireObject[string]) => (n: number) => ({ [`title${n}`]: value })
const number = (value: WireObject[string]) => (n: number) => ({ [`n${n}`]: value })
/** A parameter holds it a few levels down, which makes it too deep; as a literal MySQL takes it. */
const deep = JSON.parse('['.repeat(99) + ']'.repeat(99))
const refuse = (when: string) => (n: number) =>
  (['INSERT', 'UPDATE'] as const).map(
    (event) =>
      `CREATE TRIGGER on_${event}_${n} BEFORE ${event} ON part_${n} FOR EACH ROW IF ${when} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END IF`,
  )

export const isolationCases: readonly IsolationCase[] = [
  {
    ...{ errno: 1048, what: 'a column that became NOT NULL', code: 'null_value', kinds: writes },
    changes: alter('MODIFY title VARCHAR(100) NOT NULL'),
    bad: title(null),
  },
  {
    ...{ errno: 1062, what: 'another object’s value', code: 'duplicate_value', kinds: writes },
    changes: (n) => [`INSERT INTO part_${n} (id, user_id, code) VALUES (5000, 7, 'taken')`],
    bad: (n) => ({ [`code${n}`]: 'taken' }),
  },
  {
    ...{ errno: 1264, what: 'a narrowed integer', code: 'out_of_range', kinds: writes },
    changes: alter('MODIFY n TINYINT'),
    bad: number(1000),
  },
  {
    ...{ errno: 1264, what: 'a sum', code: 'out_of_range', kinds: ['increment'] },
    by: number('2147483647'),
  },
  {
    ...{ errno: 1264, what: 'a number beyond JSON_TABLE’s', code: 'out_of_range', kinds: writes },
    bad: number(12_345_678_901),
  },
  {
    ...{ errno: 1264, what: 'a generated column', code: 'out_of_range', kinds: writes },
    changes: alter('ADD g INT UNSIGNED AS (n - 1) STORED'),
    bad: number(0),
  },
  {
    ...{ errno: 1265, what: 'a value that an ENUM lost', code: 'invalid_value', kinds: writes },
    changes: alter("MODIFY title ENUM('1')"),
    bad: title('2'),
  },
  {
    ...{ errno: 1292, what: 'no such date', code: 'invalid_value', kinds: writes },
    bad: (n) => ({ [`at${n}`]: '2026-13-23T03:04:05.123Z' }),
  },
  {
    ...{ errno: 1366, what: 'a text in a number', code: 'invalid_value', kinds: writes },
    changes: alter('MODIFY title INT'),
    bad: title('many'),
  },
  {
    ...{ errno: 1406, what: 'a narrowed text', code: 'too_long', kinds: writes },
    changes: alter('MODIFY title VARCHAR(10)'),
    bad: title('eleven char'),
  },
  {
    ...{ errno: 1451, what: 'a parent with a child', code: 'foreign_key', kinds: ['delete'] },
    changes: (n, badId) => [
      `CREATE TABLE children (id INT PRIMARY KEY, item BIGINT UNSIGNED, FOREIGN KEY (item) REFERENCES part_${n} (id))`,
      `INSERT INTO children VALUES (1, ${badId})`,
    ],
  },
  {
    ...{ errno: 1452, what: 'no such parent', code: 'foreign_key', kinds: writes },
    changes: (n) => [
      'CREATE TABLE parents (n INT PRIMARY KEY)',
      'INSERT INTO parents VALUES (1)',
      `ALTER TABLE part_${n} ADD FOREIGN KEY (n) REFERENCES parents (n)`,
    ],
    bad: number(2),
  },
  {
    ...{ errno: 1526, what: 'no such partition', code: 'out_of_range', kinds: writes },
    changes: alter(
      'DROP PRIMARY KEY, DROP KEY `PART_CODE`, MODIFY n INT NOT NULL, ADD PRIMARY KEY (id, n) PARTITION BY LIST (n) (PARTITION p1 VALUES IN (1, 2))',
    ),
    bad: number(7),
  },
  {
    ...{ errno: 1644, what: 'a trigger', code: 'rejected_by_trigger', kinds: writes },
    changes: refuse('NEW.n = 13'),
    bad: number(13),
  },
  {
    ...{ errno: 1644, what: 'a trigger', code: 'rejected_by_trigger', kinds: ['delete'] },
    changes: (n, badId) => [
      `CREATE TRIGGER on_delete_${n} BEFORE DELETE ON part_${n} FOR EACH ROW IF OLD.id = ${badId} THEN SIGNAL SQLSTATE '45000'; END IF`,
    ],
  },
  {
    ...{ errno: 1690, what: 'a trigger’s sum', code: 'out_of_range', kinds: writes },
    changes: (n) =>
      (['INSERT', 'UPDATE'] as const).map(
        (event) =>
          `CREATE TRIGGER on_${event}_${n} BEFORE ${event} ON part_${n} FOR EACH ROW SET @sum = CAST(NEW.n AS UNSIGNED) - 1`,
      ),
    bad: number(0),
  },
  {
    ...{
      errno: 3105,
      what: 'a column that became generated',
      code: 'invalid_value',
      kinds: ['update'],
    },
    changes: (n) => [
      `ALTER TABLE part_${n} DROP COLUMN title`,
      `ALTER TABLE part_${n} ADD title VARCHAR(100) AS ('1')`,
    ],
    bad: title('2'),
  },
  {
    ...{ errno: 3140, what: 'a text that became JSON', code: 'invalid_value', kinds: writes },
    changes: alter('MODIFY title JSON'),
    bad: title('{'),
  },
  {
    ...{ errno: 3156, what: 'no number', code: 'invalid_value', kinds: writes },
    bad: number('many'),
  },
  {
    ...{ errno: 3157, what: 'JSON too deep', code: 'invalid_value', kinds: ['update'] },
    bad: (n) => ({ [`doc${n}`]: deep }),
  },
  {
    ...{ errno: 3666, what: 'an object in a scalar', code: 'invalid_value', kinds: writes },
    bad: title({ a: 1 }),
  },
  {
    ...{ errno: 3819, what: 'a check', code: 'check_violation', kinds: writes },
    changes: alter('ADD CHECK (n < 10)'),
    bad: number(11),
  },
  {
    ...{ errno: 3819, what: 'a JSON column’s schema', code: 'check_violation', kinds: writes },
    changes: alter(`ADD CHECK (JSON_SCHEMA_VALID('{"required": ["a"]}', doc))`),
    bad: (n) => ({ [`doc${n}`]: { b: 1 } }),
  },
]
