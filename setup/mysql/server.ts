import type { ServerInUse } from '../shared-server.ts'

export interface MysqlServer extends ServerInUse {
  /** With the account, without a database. */
  readonly url: string
  readonly version: string
}
