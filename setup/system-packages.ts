import { existsSync, readFileSync } from 'node:fs'
import { onPath, run } from './command.ts'
import type { Steps } from './steps.ts'

const installLimitMs = 600_000
/** apt-get waits so long for another one; of this process, one runs at a time. */
const lockWaitSeconds = 300
let installing: Promise<unknown> = Promise.resolve()

/**
 * Installs Debian packages where that is allowed: as root, with apt-get, and not forbidden. Gives
 * the reason where it is not.
 */
export async function installPackages(
  names: string[],
  allowed: boolean,
  steps: Steps,
): Promise<string | undefined> {
  const aptGet = onPath('apt-get')
  if (!allowed) return 'SLUICE_NO_SYSTEM_PACKAGES is set'
  if (aptGet === undefined || !isDebian()) return 'this is no Debian or Ubuntu'
  if (process.getuid?.() !== 0) return 'it takes root'
  const before = installing
  const title = `Debian packages installed: ${names.join(', ')}`
  const done = before.then(() => steps.step(title, () => install(aptGet, names)))
  installing = done.catch(() => undefined)
  await done
  return undefined
}

async function install(aptGet: string, names: readonly string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const wait = ['-o', `DPkg::Lock::Timeout=${lockWaitSeconds}`]
  const apt = (...args: string[]) =>
    run(aptGet, [...wait, ...args], { limitMs: installLimitMs, env })
  await apt('-q', 'update')
  await apt('-q', 'install', '--yes', '--no-install-recommends', ...names)
}

function isDebian(): boolean {
  const file = '/etc/os-release'
  return existsSync(file) && /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync(file, 'utf8'))
}
