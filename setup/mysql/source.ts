import type { Daemon } from '../shared-server.ts'
import type { Steps } from '../steps.ts'

/**
 * A mysqld that can be run here. Its first arguments make it find its own files and read no
 * option file of the user's; --no-defaults counts only as mysqld's first option.
 */
export interface Binaries {
  readonly version: string
  readonly command: string
  readonly args: readonly string[]
}

/** Something that can run MySQL servers, each in a folder of its own. */
export interface MysqlSource {
  serverIn(folder: string, options: readonly string[]): Daemon
}

export interface FoundSource extends MysqlSource {
  /** To be called once a server of it has run: it is then the first choice next time. */
  remember(): void
}

export interface SearchContext {
  /** What all instances share: unpacked programs, an initialized data folder to copy. */
  readonly cache: string
  /** Where programs are looked for: PATH. */
  readonly searchPath: string
  readonly steps: Steps
}

/** One way to come by a MySQL server; it throws an error that says why it is none here. */
export interface Choice {
  readonly name: string
  find(context: SearchContext): Promise<MysqlSource>
}
