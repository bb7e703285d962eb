import type { FailureCode } from '../core/failure.ts'

interface RowErrors {
  readonly failure: FailureCode
  readonly why: string
  /** By number; the names are MySQL's. */
  readonly errors: Readonly<Record<number, string>>
}

/**
 * What MySQL may answer a statement of ours with where a row's values cause it. It undoes the statement
 * alone and keeps the transaction: only these may be followed by another statement, or by ROLLBACK TO
 * SAVEPOINT.
 */
export const rowErrors: readonly RowErrors[] = [
  {
    failure: 'null_value',
    why: 'NULL in a column that takes none',
    errors: { 1048: 'ER_BAD_NULL_ERROR' },
  },
  {
    failure: 'duplicate_value',
    why: 'another row has the value of a unique key; 1761 and 1762 through a cascade',
    errors: {
      1022: 'ER_DUP_KEY',
      1062: 'ER_DUP_ENTRY',
      1169: 'ER_DUP_UNIQUE',
      1586: 'ER_DUP_ENTRY_WITH_KEY_NAME',
      1761: 'ER_FOREIGN_DUPLICATE_KEY_WITH_CHILD_INFO',
      1762: 'ER_FOREIGN_DUPLICATE_KEY_WITHOUT_CHILD_INFO',
    },
  },
  {
    failure: 'foreign_key',
    why: 'the parent is missing, or has children',
    errors: {
      1216: 'ER_NO_REFERENCED_ROW',
      1217: 'ER_ROW_IS_REFERENCED',
      1451: 'ER_ROW_IS_REFERENCED_2',
      1452: 'ER_NO_REFERENCED_ROW_2',
    },
  },
  {
    failure: 'check_violation',
    why: 'a CHECK of the table or of a JSON schema',
    errors: { 3819: 'ER_CHECK_CONSTRAINT_VIOLATED' },
  },
  {
    failure: 'out_of_range',
    why: 'beyond the column, a sum, an index over an expression, or all partitions',
    errors: {
      1264: 'ER_WARN_DATA_OUT_OF_RANGE',
      1526: 'ER_NO_PARTITION_FOR_GIVEN_VALUE',
      1690: 'ER_DATA_OUT_OF_RANGE',
      3616: 'ER_LONGITUDE_OUT_OF_RANGE',
      3617: 'ER_LATITUDE_OUT_OF_RANGE',
      3752: 'ER_WARN_DATA_OUT_OF_RANGE_FUNCTIONAL_INDEX',
      3904: 'ER_JSON_VALUE_OUT_OF_RANGE_FOR_FUNC_INDEX',
    },
  },
  {
    failure: 'too_long',
    why: 'longer than the column, the row, or what a function may return',
    errors: {
      1118: 'ER_TOO_BIG_ROWSIZE',
      1301: 'ER_WARN_ALLOWED_PACKET_OVERFLOWED',
      1406: 'ER_DATA_TOO_LONG',
      3751: 'ER_WARN_DATA_TRUNCATED_FUNCTIONAL_INDEX',
      3905: 'ER_EXCEEDED_MV_KEYS_NUM',
    },
  },
  {
    failure: 'invalid_value',
    why: 'no value of the column’s type, or one for a generated column',
    errors: {
      1265: 'WARN_DATA_TRUNCATED',
      1292: 'ER_TRUNCATED_WRONG_VALUE',
      1365: 'ER_DIVISION_BY_ZERO',
      1366: 'ER_TRUNCATED_WRONG_VALUE_FOR_FIELD',
      1367: 'ER_ILLEGAL_VALUE_FOR_TYPE',
      1411: 'ER_WRONG_VALUE_FOR_TYPE',
      1416: 'ER_CANT_CREATE_GEOMETRY_OBJECT',
      3037: 'ER_GIS_INVALID_DATA',
      3105: 'ER_NON_DEFAULT_VALUE_FOR_GENERATED_COLUMN',
      3140: 'ER_INVALID_JSON_TEXT',
      3151: 'ER_JSON_KEY_TOO_BIG',
      3156: 'ER_INVALID_JSON_VALUE_FOR_CAST',
      3157: 'ER_JSON_DOCUMENT_TOO_DEEP',
      3643: 'ER_WRONG_SRID_FOR_COLUMN',
      3666: 'ER_WRONG_JSON_TABLE_VALUE',
      3903: 'ER_INVALID_JSON_VALUE_FOR_FUNC_INDEX',
    },
  },
  {
    failure: 'rejected_by_trigger',
    why: 'a trigger’s SIGNAL, or a SELECT of its own that finds too few or too many rows',
    errors: {
      1172: 'ER_TOO_MANY_ROWS',
      1242: 'ER_SUBQUERY_NO_1_ROW',
      1329: 'ER_SP_FETCH_NO_DATA',
      1644: 'ER_SIGNAL_EXCEPTION',
    },
  },
]
