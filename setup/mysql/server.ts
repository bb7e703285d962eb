import type { FaultSignal } from '../shared-server.ts'

/** A MySQL server that is used, and stopped again where it is ours. */
export interface MysqlServer {
  /** With the account, without a database. */
  readonly url: string
  readonly version: string
  /** Of a process of ours, while it runs. */
  readonly pid: number | undefined
  /** Ends this use; a private server ends with its last user. */
  stop(): Promise<void>
  kill(signal: FaultSignal): Promise<void>
  /** Starts a private server again on the same port and data. */
  restart(): Promise<void>
}
