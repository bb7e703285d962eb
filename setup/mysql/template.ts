import { existsSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { buildOnce } from '../build-once.ts'
import { run } from '../command.ts'
import type { Steps } from '../steps.ts'
import type { Binaries } from './source.ts'

const initializeLimitMs = 120_000

/** The options of every run of mysqld, be it to initialize or to serve. */
export function mysqldArgs(binaries: Binaries): string[] {
  // mysqld refuses to run as root unless told to; in a container root is often all there is.
  const asRoot = process.getuid?.() === 0 ? ['--user=root'] : []
  return [...binaries.args, ...asRoot, '--mysqlx=OFF', '--secure-file-priv=NULL']
}

/**
 * An initialized data folder of this version, made once: MySQL takes seconds to initialize one,
 * a copy takes half a second.
 */
export async function initialized(cache: string, binaries: Binaries, steps: Steps) {
  const folder = resolve(cache, `template-${binaries.version}`)
  if (existsSync(folder)) return folder
  await steps.step(`MySQL ${binaries.version} data folder initialized`, () =>
    buildOnce(folder, async (partial) => {
      await run(binaries.command, initializeArgs(binaries, partial), { limitMs: initializeLimitMs })
      // Its UUID must differ from server to server; MySQL makes one where it finds none.
      rmSync(join(partial, 'auto.cnf'))
    }),
  )
  return folder
}

function initializeArgs(binaries: Binaries, datadir: string): string[] {
  return [...mysqldArgs(binaries), '--initialize-insecure', `--datadir=${datadir}`]
}
