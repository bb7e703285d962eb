import { existsSync, readFileSync } from 'node:fs'
import { run } from '../command.ts'

/** Which archive's packages hold a MySQL server for this machine, and how to trust them. */
export interface Archive {
  readonly uri: string
  readonly suite: string
  readonly components: string
  readonly packageName: string
  /** Undefined leaves it to apt's own trusted keys. */
  readonly keyring: string | undefined
}

const aptLimitMs = 20_000

/**
 * The archive of this machine's distribution, from the mirror that the machine itself uses. Rejects
 * where apt knows none of Debian's or Ubuntu's.
 */
export async function archiveOf(aptGet: string): Promise<Archive> {
  const release = osRelease()
  const ubuntu = release.UBUNTU_CODENAME
  const suite = ubuntu ?? release.VERSION_CODENAME ?? ''
  const uri = await mirrorOf(aptGet, suite)
  if (uri === undefined || (ubuntu === undefined && release.ID !== 'debian')) {
    throw new Error(
      `apt's sources name no Debian or Ubuntu archive for ${suite || 'this system'}: add one, then try again`,
    )
  }
  if (ubuntu !== undefined) {
    return {
      uri,
      suite: ubuntu,
      components: 'main universe',
      packageName: 'default-mysql-server-core',
      keyring: firstOf(['/usr/share/keyrings/ubuntu-archive-keyring.gpg']),
    }
  }
  return {
    uri,
    // Debian's releases have no MySQL, only its development suite does.
    suite: 'sid',
    components: 'main',
    packageName: 'mysql-server-core',
    keyring: firstOf([
      '/usr/share/keyrings/debian-archive-keyring.pgp',
      '/usr/share/keyrings/debian-archive-keyring.gpg',
    ]),
  }
}

/** Where apt gets the distribution's main packages from. */
async function mirrorOf(aptGet: string, suite: string): Promise<string | undefined> {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)'
  const args = ['indextargets', '--format', format, 'Created-By: Packages']
  const targets = await run(aptGet, args, { limitMs: aptLimitMs })
  const main = targets.split('\n').find((line) => line.endsWith(` ${suite} main`))
  return main?.split(' ')[0]?.replace(/\/$/, '')
}

function osRelease(file = '/etc/os-release'): Record<string, string> {
  if (!existsSync(file)) return {}
  const lines = readFileSync(file, 'utf8').matchAll(/^(\w+)="?([^"\n]*)"?$/gm)
  return Object.fromEntries([...lines].map(([, name, value]) => [name, value]))
}

function firstOf(files: string[]): string | undefined {
  return files.find((file) => existsSync(file))
}
