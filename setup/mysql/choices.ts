import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianPackages } from './debian-packages.ts'
import { dockerEngine } from './docker.ts'
import { mysqldOnPath } from './on-path.ts'
import type { Choice, FoundSource, SearchContext } from './source.ts'
import { oldestMysql } from './version.ts'

const choices: readonly Choice[] = [mysqldOnPath, dockerEngine, debianPackages]

/** The first choice that works on this machine; the one that worked last time goes first. */
export async function findSource(context: SearchContext): Promise<FoundSource> {
  // Else a Docker engine that is up today would hide the data that yesterday's server wrote.
  const file = join(context.cache, 'choice')
  const last = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
  const ordered = choices.toSorted((a, b) => Number(b.name === last) - Number(a.name === last))

  const refusals: string[] = []
  for (const choice of ordered) {
    try {
      const source = await choice.find(context)
      return { ...source, remember: () => writeFileSync(file, `${choice.name}\n`) }
    } catch (error) {
      const reason = `${choice.name}: ${(error as Error).message}`
      refusals.push(reason)
      context.steps.note(`No MySQL from ${reason}`)
    }
  }
  throw new Error(
    [
      'No MySQL server could be found or started. Tried:',
      ...refusals.map((reason) => `  - ${reason}`),
      'Do one of these, then try again:',
      `  - set SLUICE_MYSQL_URL to a MySQL ${oldestMysql} or newer, mysql://user:password@host:port`,
      `  - put mysqld of MySQL ${oldestMysql} or newer on the PATH`,
      '  - start a Docker engine',
      '  - use Debian or Ubuntu, whose packages are unpacked without installing them',
    ].join('\n'),
  )
}
