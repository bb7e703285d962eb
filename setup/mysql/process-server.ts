import { constants, cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { localProcess } from '../local-process.ts'
import type { Daemon } from '../shared-server.ts'
import { urlOf, writeAccountSql } from './account.ts'
import { answersAt } from './hello.ts'
import type { Binaries, MysqlSource } from './source.ts'
import { mysqldArgs } from './template.ts'

export function processSource(binaries: Binaries, template: string): MysqlSource {
  return { serverIn: (folder, options) => mysqldProcess(folder, template, binaries, options) }
}

/** mysqld as a process of ours, on `data` in the folder, made from the initialized template. */
function mysqldProcess(
  folder: string,
  template: string,
  binaries: Binaries,
  options: readonly string[],
): Daemon {
  const datadir = resolve(folder, 'data')
  const mark = `--datadir=${datadir} `
  const process = localProcess(folder, mark)
  return {
    ...process,
    name: `MySQL ${binaries.version}`,
    async start(port) {
      copyTemplate(template, datadir)
      await process.start(binaries.command, [
        ...mysqldArgs(binaries),
        mark.trim(),
        `--init-file=${writeAccountSql(resolve(folder))}`,
        '--bind-address=127.0.0.1',
        `--port=${port}`,
        // No socket file: its path may be at most 107 bytes long, and all clients use the port.
        '--socket=',
        // The account is of 127.0.0.1, whatever name the machine gives to it.
        '--skip-name-resolve',
        ...options,
      ])
    },
    answers: (port) => answersAt(urlOf(folder, port)),
  }
}

/** A copy that is whole or absent, as a crash may come at any time. */
function copyTemplate(template: string, datadir: string) {
  if (existsSync(datadir)) return
  const partial = `${datadir}.partial`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(partial, { recursive: true })
  cpSync(template, partial, { recursive: true, mode: constants.COPYFILE_FICLONE })
  renameSync(partial, datadir)
}
