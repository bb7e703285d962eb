import { existsSync, rmSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { buildOnce } from '../build-once.ts'
import { onPath, run } from '../command.ts'
import { archiveOf } from './debian-archive.ts'
import { downloadPackages } from './private-apt.ts'
import { processSource } from './process-server.ts'
import type { Choice } from './source.ts'
import { initialized } from './template.ts'
import { unpackedMysqld } from './unpacked-mysqld.ts'

const unpackLimitMs = 60_000

/**
 * MySQL and every library it needs, down to libc, unpacked into our own folder and run through
 * that libc's loader: nothing is installed, and the system's libraries may be older.
 */
export const debianPackages: Choice = {
  name: "Debian's packages",
  async find({ cache, searchPath, steps }) {
    const root = resolve(cache, 'debian')
    if (!existsSync(root)) {
      const aptGet = onPath('apt-get', searchPath)
      const dpkgDeb = onPath('dpkg-deb', searchPath)
      if (aptGet === undefined || dpkgDeb === undefined) {
        throw new Error('this system has no apt-get and dpkg-deb')
      }
      await steps.step('MySQL downloaded and unpacked', async (say) => {
        await buildOnce(root, (partial, scratch) => unpack(aptGet, dpkgDeb, partial, scratch))
        const { version } = await unpackedMysqld(root)
        say(`MySQL ${version} unpacked into ${relative('.', cache)}`)
      })
    }
    const binaries = await unpackedMysqld(root)
    return processSource(binaries, await initialized(cache, binaries, steps))
  },
}

async function unpack(aptGet: string, dpkgDeb: string, root: string, scratch: string) {
  const packages = await downloadPackages(aptGet, await archiveOf(aptGet), scratch)
  for (const file of packages) {
    // Of the dependencies only the libraries are needed: Perl is for scripts that nobody runs.
    if (/^(lib)?perl/.test(basename(file))) continue
    await run(dpkgDeb, ['-x', file, root], { limitMs: unpackLimitMs })
  }
  for (const unused of ['usr/bin', 'usr/share/doc']) {
    rmSync(join(root, unused), { recursive: true, force: true })
  }
}
