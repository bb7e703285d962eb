import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { realFolder, shareServer } from '../shared-server.ts'
import { quietly, type Steps } from '../steps.ts'
import { urlOf } from './account.ts'
import { findSource } from './choices.ts'
import { givenServer } from './given.ts'
import { versionAt } from './hello.ts'
import type { MysqlServer } from './server.ts'

export interface MysqlOptions {
  /** Holds the programs and, unless an instance is named, the data: `<dataDir>/mysql`. */
  dataDir: string
  /** A server to use as it is, `mysql://user:password@host:port`; nothing is started then. */
  url?: string | undefined
  /** A folder for a server of its own, beside the one of `dataDir`. */
  instance?: string | undefined
  /** More options for mysqld. */
  options?: readonly string[] | undefined
  /** Where mysqld, docker and apt-get are looked for; PATH if absent. */
  searchPath?: string | undefined
}

/** Finds a MySQL server or starts a private one, and says in steps what it does. */
export async function provideMysql(
  { dataDir, url, instance, options = [], searchPath = process.env.PATH ?? '' }: MysqlOptions,
  steps: Steps = quietly,
): Promise<MysqlServer> {
  if (url !== undefined) return givenServer(url, steps)
  const cache = join(dataDir, 'mysql')
  mkdirSync(cache, { recursive: true })
  const folder = realFolder(instance ?? cache)
  const source = await findSource({ cache, searchPath, steps })

  return steps.step('MySQL', async (say) => {
    const server = await shareServer(folder, source.serverIn(folder, options))
    const url = urlOf(folder, server.port)
    const version = await versionAt(url)
    source.remember()
    const how = server.found ? 'runs already' : 'started'
    say(`MySQL ${version} ${how} on 127.0.0.1:${server.port}`)
    return {
      url,
      version,
      get pid() {
        return server.pid
      },
      stop: server.stop,
      kill: server.kill,
      restart: server.restart,
    }
  })
}
