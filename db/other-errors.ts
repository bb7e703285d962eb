import type { StoreErrorAction } from '../core/shard-store.ts'

type KnownAction = Exclude<StoreErrorAction, 'unclear' | 'fenced' | 'unknown'>

export interface OtherErrors {
  readonly action: KnownAction
  /** Said to people. */
  readonly why: string
  /** Where only somebody else can mend it: how. */
  readonly remedy?: string
  /** By number; the names are MySQL's. */
  readonly errors?: Readonly<Record<number, string>>
  /** Of mysql2 and of the system, which have no numbers of MySQL's. */
  readonly client?: readonly string[]
}

/**
 * What else MySQL or its client may answer, which is the environment's. The transaction is over, and
 * what is said here follows. What is in neither table is `unknown`: tried again, then bisected
 * (consumer/bisection.ts).
 */
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
    why: 'another transaction held the rows for too long',
    errors: { 1205: 'ER_LOCK_WAIT_TIMEOUT' },
  },
  {
    action: 'timeout',
    why: 'the statement took too long, or somebody ended it',
    errors: { 1317: 'ER_QUERY_INTERRUPTED', 3024: 'ER_QUERY_TIMEOUT' },
  },
  {
    action: 'too_large',
    why: 'it is above max_allowed_packet, or above the binary log’s cache',
    errors: {
      1153: 'ER_NET_PACKET_TOO_LARGE',
      1197: 'ER_TRANS_CACHE_FULL',
      1705: 'ER_STMT_CACHE_FULL',
    },
  },
  {
    action: 'back_off',
    why: 'no connection, thread or prepared statement is left, or the account is at its limit',
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
    why: 'no room is left, or the disk fails',
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
    why: 'no memory is left',
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
    why: 'the account can’t log in',
    remedy:
      'mend the user and password of the shard’s URL, or the account (locked, expired, from another host, TLS demanded)',
    errors: {
      1045: 'ER_ACCESS_DENIED_ERROR',
      1130: 'ER_HOST_NOT_PRIVILEGED',
      1251: 'ER_NOT_SUPPORTED_AUTH_MODE',
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
    why: 'the account lacks a grant',
    remedy: 'npm run migrate -- --print prints all that it needs',
    errors: {
      1044: 'ER_DBACCESS_DENIED_ERROR',
      1142: 'ER_TABLEACCESS_DENIED_ERROR',
      1143: 'ER_COLUMNACCESS_DENIED_ERROR',
      1227: 'ER_SPECIFIC_ACCESS_DENIED_ERROR',
      1370: 'ER_PROCACCESS_DENIED_ERROR',
      1419: 'ER_BINLOG_CREATE_ROUTINE_NEED_SUPER',
    },
  },
  {
    action: 'stop',
    why: 'a database, table, column or key is missing, or another one than the config knows',
    remedy: 'run npm run migrate, or undo the change',
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
    remedy: 'mend or drop the trigger',
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
    remedy: 'it has to be MySQL 8.0.21 or newer, with binlog_format ROW',
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
    remedy: 'restore the table',
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
