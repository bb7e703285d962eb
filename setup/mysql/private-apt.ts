import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from '../command.ts'
import type { Archive } from './debian-archive.ts'

const localLimitMs = 20_000
const downloadLimitMs = 300_000

/**
 * Downloads the archive's package and all that it depends on, and gives the files. apt gets a
 * state of its own in the folder, in which nothing is installed, so the system's is not touched.
 */
export async function downloadPackages(aptGet: string, archive: Archive, folder: string) {
  for (const name of ['lists/partial', 'archives/partial', 'sources']) {
    mkdirSync(join(folder, name), { recursive: true })
  }
  writeFileSync(join(folder, 'status'), '')
  writeFileSync(join(folder, 'sources/archive.sources'), sources(archive))
  writeFileSync(join(folder, 'apt.conf'), await configuration(aptGet, folder))

  const env = { ...process.env, APT_CONFIG: join(folder, 'apt.conf') }
  const apt = (...args: string[]) => run(aptGet, args, { limitMs: downloadLimitMs, env })
  await apt('-q', 'update')
  const options = ['--download-only', '--yes', '--no-install-recommends']
  await apt('-q', 'install', ...options, archive.packageName)

  const archives = join(folder, 'archives')
  const files = readdirSync(archives).filter((name) => name.endsWith('.deb'))
  return files.map((name) => join(archives, name))
}

function sources({ uri, suite, components, keyring }: Archive): string {
  const lines = [
    'Types: deb',
    `URIs: ${uri}`,
    `Suites: ${suite}`,
    `Components: ${components}`,
    'Targets: Packages',
    ...(keyring === undefined ? [] : [`Signed-By: ${keyring}`]),
  ]
  return `${lines.join('\n')}\n`
}

/** The system's ways to reach its archives (proxies, certificates), and none of its hooks. */
async function configuration(aptGet: string, folder: string): Promise<string> {
  const aptConfig = join(dirname(aptGet), 'apt-config')
  const acquire = await run(aptConfig, ['dump', 'Acquire'], { limitMs: localLimitMs })
  const own = {
    'Dir::Etc::main': '/dev/null',
    'Dir::Etc::parts': '/dev/null',
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': `${folder}/sources/`,
    'Dir::State': folder,
    'Dir::State::status': `${folder}/status`,
    'Dir::State::lists': `${folder}/lists/`,
    'Dir::Cache': folder,
    'Dir::Cache::archives': `${folder}/archives/`,
    // The user that apt changes to for downloads can't write into this folder.
    'APT::Sandbox::User': 'root',
    'APT::Update::Error-Mode': 'any',
  }
  const lines = Object.entries(own).map(([name, value]) => `${name} "${value}";\n`)
  return acquire + lines.join('')
}
