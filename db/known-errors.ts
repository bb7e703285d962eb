import type { FailureCode } from '../core/failure.ts'
import type { StoreErrorAction } from '../core/shard-store.ts'

/**
 * What each error means that MySQL or its client may answer a statement of ours with. What is not
 * here is `unknown`: tried again, then bisected (consumer/bisection.ts).
 */
export type KnownAction = Exclude<StoreErrorAction, 'unclear' | 'fenced' | 'unknown'>

interface RowErrors {
  readonly failure: FailureCode
  readonly why: string
  /** By number; the names are MySQL's. */
  readonly errors: Readonly<Record<number, string>>
}

interface OtherErrors {
  readonly action: KnownAction
  readonly why: string
  readonly errors?: Readonly<Record<number, string>>
  /** Of mysql2 and of the system, which have no numbers of MySQL's. */
  readonly client?: readonly string[]
}

/**
 * A row's values cause it. MySQL undoes the statement alone and keeps the transaction: only these
 * may be followed by another statement, or by ROLLBACK TO SAVEPOINT.
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

/** All else is the environment's. The transaction is over, and what is said here follows. */
export const otherErrors: readonly OtherErrors[] = [
  {
    action: 'retry',
    why: 'MySQL gave the transaction up for another one, and has rolled it back',
    errors: { 1213: 'ER_LOCK_DEADLOCK', 3101: 'ER_TRANSACTION_ROLLBACK_DURING_COMMIT' },
  },
  {
    action: 'retry',
    why: 'the table was altered, or locked to be, at this moment',
    errors: { 1412: 'ER_TABLE_DEF_CHANGED', 1615: 'ER_NEED_REPREPARE', 1689: 'ER_LOCK_ABORTED' },
  },
  {
    action: 'timeout',
    why: 'a lock wait ran out: MySQL undoes the statement alone, and Sluice the transaction',
    errors: { 1205: 'ER_LOCK_WAIT_TIMEOUT' },
  },
  {
    action: 'timeout',
    why: 'the watchdog or a person ended the statement, or it took too long',
    errors: { 1317: 'ER_QUERY_INTERRUPTED', 3024: 'ER_QUERY_TIMEOUT' },
  },
  {
    action: 'too_large',
    why: 'above max_allowed_packet (MySQL hangs up after), or above the binary log’s cache',
    errors: {
      1153: 'ER_NET_PACKET_TOO_LARGE',
      1197: 'ER_TRANS_CACHE_FULL',
      1705: 'ER_STMT_CACHE_FULL',
    },
  },
  {
    action: 'back_off',
    why: 'no connection, thread or prepared statement left, or the user’s limit for an hour',
    errors: {
      1040: 'ER_CON_COUNT_ERROR',
      1129: 'ER_HOST_IS_BLOCKED',
      1135: 'ER_CANT_CREATE_THREAD',
      1203: 'ER_TOO_MANY_USER_CONNECTIONS',
      1226: 'ER_USER_LIMIT_REACHED',
      1461: 'ER_MAX_PREPARED_STMT_COUNT_REACHED',
      1637: 'ER_TOO_MANY_CONCURRENT_TRXS',
    },
  },
  {
    action: 'back_off',
    why: 'no disk left, or it fails; 1206 for locks has ended the transaction as well',
    errors: {
      1020: 'ER_CHECKREAD',
      1021: 'ER_DISK_FULL',
      1024: 'ER_ERROR_ON_READ',
      1026: 'ER_ERROR_ON_WRITE',
      1028: 'ER_FILSORT_ABORT',
      1030: 'ER_GET_ERRNO',
      1114: 'ER_RECORD_FILE_FULL',
      1206: 'ER_LOCK_TABLE_FULL',
      3019: 'ER_UNDO_RECORD_TOO_BIG',
    },
  },
  {
    action: 'back_off',
    why: 'no memory left',
    errors: {
      1037: 'ER_OUTOFMEMORY',
      1038: 'ER_OUT_OF_SORTMEMORY',
      1041: 'ER_OUT_OF_RESOURCES',
      3015: 'ER_ENGINE_OUT_OF_MEMORY',
    },
  },
  {
    action: 'back_off',
    why: 'group replication or another plugin lets nothing through for now',
    errors: { 1297: 'ER_GET_TEMPORARY_ERRMSG', 3100: 'ER_RUN_HOOK_ERROR' },
  },
  {
    action: 'reconnect',
    why: 'this server takes no writes: another one behind the same name may',
    errors: {
      1036: 'ER_OPEN_AS_READONLY',
      1290: 'ER_OPTION_PREVENTS_STATEMENT',
      1792: 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION',
      1836: 'ER_READ_ONLY_MODE',
      1881: 'ER_INNODB_FORCED_RECOVERY',
      3032: 'ER_SERVER_OFFLINE_MODE',
    },
  },
  {
    action: 'reconnect',
    why: 'the server shuts down, or ended this connection',
    errors: {
      1053: 'ER_SERVER_SHUTDOWN',
      1152: 'ER_ABORTING_CONNECTION',
      1184: 'ER_NEW_ABORTING_CONNECTION',
      1927: 'ER_CONNECTION_KILLED',
      3169: 'ER_SESSION_WAS_KILLED',
      4031: 'ER_CLIENT_INTERACTION_TIMEOUT',
    },
  },
  {
    action: 'reconnect',
    why: 'bytes were lost or mixed up on the way, or a proxy changed the server behind it',
    errors: {
      1047: 'ER_UNKNOWN_COM_ERROR',
      1156: 'ER_NET_PACKETS_OUT_OF_ORDER',
      1157: 'ER_NET_UNCOMPRESS_ERROR',
      1158: 'ER_NET_READ_ERROR',
      1159: 'ER_NET_READ_INTERRUPTED',
      1160: 'ER_NET_ERROR_ON_WRITE',
      1161: 'ER_NET_WRITE_INTERRUPTED',
      1243: 'ER_UNKNOWN_STMT_HANDLER',
      1835: 'ER_MALFORMED_PACKET',
      2006: 'CR_SERVER_GONE_ERROR',
      2013: 'CR_SERVER_LOST',
    },
    client: [
      ...['PROTOCOL_CONNECTION_LOST', 'PROTOCOL_SEQUENCE_TIMEOUT', 'PROTOCOL_PACKETS_OUT_OF_ORDER'],
      ...['HANDSHAKE_UNKNOWN_ERROR', 'EPIPE', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT'],
    ],
  },
  {
    action: 'reconnect',
    why: 'nobody listens there, or the way there is broken',
    client: [
      ...['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN'],
      ...['ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL'],
    ],
  },
  {
    action: 'stop',
    why: 'the account may not: wrong password, no such grant, locked, expired, TLS demanded',
    errors: {
      1044: 'ER_DBACCESS_DENIED_ERROR',
      1045: 'ER_ACCESS_DENIED_ERROR',
      1130: 'ER_HOST_NOT_PRIVILEGED',
      1142: 'ER_TABLEACCESS_DENIED_ERROR',
      1143: 'ER_COLUMNACCESS_DENIED_ERROR',
      1227: 'ER_SPECIFIC_ACCESS_DENIED_ERROR',
      1251: 'ER_NOT_SUPPORTED_AUTH_MODE',
      1370: 'ER_PROCACCESS_DENIED_ERROR',
      1419: 'ER_BINLOG_CREATE_ROUTINE_NEED_SUPER',
      1698: 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR',
      1820: 'ER_MUST_CHANGE_PASSWORD',
      1862: 'ER_MUST_CHANGE_PASSWORD_LOGIN',
      3118: 'ER_ACCOUNT_HAS_BEEN_LOCKED',
      3159: 'ER_SECURE_TRANSPORT_REQUIRED',
      3955: 'ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK',
    },
    client: [
      ...['AUTH_SWITCH_PLUGIN_ERROR', 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED'],
      ...['HANDSHAKE_NO_SSL_SUPPORT', 'HANDSHAKE_SSL_ERROR', 'ER_NOT_SUPPORTED_AUTH_MODE'],
    ],
  },
  {
    action: 'stop',
    why: 'a database, table, column or key is missing or another one than the config knows',
    errors: {
      1046: 'ER_NO_DB_ERROR',
      1049: 'ER_BAD_DB_ERROR',
      1054: 'ER_BAD_FIELD_ERROR',
      1136: 'ER_WRONG_VALUE_COUNT_ON_ROW',
      1146: 'ER_NO_SUCH_TABLE',
      1176: 'ER_KEY_DOES_NOT_EXITS',
      1267: 'ER_CANT_AGGREGATE_2COLLATIONS',
      1288: 'ER_NON_UPDATABLE_TABLE',
      1347: 'ER_WRONG_OBJECT',
      1356: 'ER_VIEW_INVALID',
      1364: 'ER_NO_DEFAULT_FOR_FIELD',
      1471: 'ER_NON_INSERTABLE_TABLE',
      1824: 'ER_FK_CANNOT_OPEN_PARENT',
    },
  },
  {
    action: 'stop',
    why: 'a trigger is broken: what it calls is gone, or it writes its own table',
    errors: {
      1305: 'ER_SP_DOES_NOT_EXIST',
      1436: 'ER_STACK_OVERRUN_NEED_MORE',
      1442: 'ER_CANT_UPDATE_USED_TABLE_IN_SF_OR_TRG',
      1449: 'ER_NO_SUCH_USER',
    },
  },
  {
    action: 'stop',
    why: 'the server is too old, or set up so that it can’t take these statements',
    errors: {
      1064: 'ER_PARSE_ERROR',
      1193: 'ER_UNKNOWN_SYSTEM_VARIABLE',
      1231: 'ER_WRONG_VALUE_FOR_VAR',
      1598: 'ER_BINLOG_LOGGING_IMPOSSIBLE',
      1665: 'ER_BINLOG_STMT_MODE_AND_ROW_ENGINE',
      3098: 'ER_BEFORE_DML_VALIDATION_ERROR',
    },
  },
  {
    action: 'stop',
    why: 'the table’s files are damaged or gone',
    errors: {
      1034: 'ER_NOT_KEYFILE',
      1194: 'ER_CRASHED_ON_USAGE',
      1712: 'ER_INDEX_CORRUPT',
      1812: 'ER_TABLESPACE_MISSING',
      1814: 'ER_TABLESPACE_DISCARDED',
      1877: 'ER_TABLE_CORRUPT',
    },
  },
]
