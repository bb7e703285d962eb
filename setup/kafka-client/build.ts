import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { onPath, run } from '../command.ts'
import type { Steps } from '../steps.ts'
import { installPackages } from '../system-packages.ts'

/** The Node that the addon is for. */
export interface LockedNode {
  readonly version: string
  readonly platform: string
  readonly arch: string
  readonly abi: string
}

export interface AddonBuild {
  /** The package, with the addon's sources. */
  readonly packageFolder: string
  readonly node: string
  readonly locked: LockedNode
  readonly systemPackages: boolean
  readonly steps: Steps
}

const downloadLimitMs = 120_000
const buildLimitMs = 900_000
const queryLimitMs = 10_000

/** What a build takes beside its sources, as Debian names it. */
const compilers = { 'g++': 'g++', make: 'make', python3: 'python3' }
const libraries = [
  'libcurl4-openssl-dev',
  'liblz4-dev',
  'libsasl2-dev',
  'libssl-dev',
  'libzstd-dev',
  'zlib1g-dev',
]

/**
 * Gets the addon's published program, or builds it where that can't be had: two to three minutes.
 * Resolves with the folder that holds what the package's loader looks for, and says how.
 */
export async function buildAddon(
  options: AddonBuild,
  scratch: string,
): Promise<{ build: string; done: string }> {
  const { packageFolder, node } = options
  const copy = join(scratch, 'package')
  // An addon that is there is one that does not load.
  const isSource = (file: string) => file !== join(packageFolder, 'build')
  cpSync(packageFolder, copy, { recursive: true, filter: isSource })
  // The tools of the build are looked for from here upwards.
  symlinkSync(resolve('node_modules'), join(scratch, 'node_modules'))
  const env = environment(options)
  const preGyp = resolve('node_modules/@mapbox/node-pre-gyp/bin/node-pre-gyp')
  let done = 'downloaded'
  try {
    await run(node, [preGyp, 'install'], { limitMs: downloadLimitMs, cwd: copy, env })
  } catch {
    await requirePackages(options)
    done = 'built from its sources'
    const args = ['run', 'install', '--', '--build-from-source']
    const withHeaders = { ...env, npm_config_nodedir: await headers(options, scratch) }
    await run('npm', args, { limitMs: buildLimitMs, cwd: copy, env: withHeaders }).catch(explain)
  }
  const build = join(scratch, 'build')
  keep(join(copy, 'build', 'Release'), join(build, 'Release'), /\.node$/)
  keep(join(copy, 'build', 'deps'), join(build, 'deps'), /\.(so\.\d+|\d+\.dylib)$/)
  return { build, done }
}

function environment({ node }: AddonBuild) {
  return {
    ...process.env,
    PATH: `${dirname(node)}:${process.env.PATH ?? ''}`,
    // Its own copies of these libraries would have to be downloaded.
    CKJS_LINKING: 'dynamic',
    // It compiles as many files at once as there are; this many suit the machine.
    MAKEFLAGS: `-l${availableParallelism() + 2}`,
  }
}

/**
 * The folder with the locked Node's headers, whatever the user's own npm says: those of another make
 * an addon that does not load. They came with the package node, unless npm has tidied them away.
 */
async function headers(
  { locked: { platform, arch, version } }: AddonBuild,
  scratch: string,
): Promise<string> {
  const name = `node-${platform}-${arch}`
  const present = resolve('node_modules/node/node_modules', name)
  if (existsSync(join(present, 'include/node/node.h'))) return present
  const quiet = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund']
  const folder = join(scratch, 'headers')
  const args = ['install', '--prefix', folder, ...quiet, `${name}@${version}`]
  await run('npm', args, { limitMs: downloadLimitMs })
  return join(folder, 'node_modules', name)
}

async function requirePackages({ systemPackages, steps }: AddonBuild): Promise<void> {
  const missing = await missingPackages()
  if (missing.length === 0) return
  const refusal = await installPackages(missing, systemPackages, steps)
  if (refusal === undefined) return
  const names = missing.join(' ')
  throw new Error(
    `The Kafka client confluent can't be downloaded here, and to build it these packages are missing: ${names}. They were not installed, since ${refusal}. Install them (apt-get install ${names}), or set SLUICE_KAFKA_CLIENT to platformatic`,
  )
}

/** None where it can't be told, as on other systems than Debian: the build tells then. */
async function missingPackages(): Promise<string[]> {
  const query = onPath('dpkg-query')
  if (query === undefined) return []
  const tools = Object.entries(compilers).filter(([program]) => !onPath(program))
  const isMissing = async (name: string) => {
    const said = await run(query, ['-s', name], { limitMs: queryLimitMs }).catch(() => '')
    return !/^Status: install ok installed$/m.test(said)
  }
  const missing = await Promise.all(libraries.map(isMissing))
  return [...tools.map(([, name]) => name), ...libraries.filter((_, n) => missing[n])]
}

function explain(error: Error): never {
  throw new Error(
    `The Kafka client confluent can't be downloaded here, and its build failed. It takes a C++ compiler, make, Python and the headers of OpenSSL, curl, zlib, zstd, lz4 and SASL (Debian and Ubuntu: apt-get install ${libraries.join(' ')}); or set SLUICE_KAFKA_CLIENT to platformatic.\n${error.message}`,
    { cause: error },
  )
}

/** Copies the files that are needed to run; a build leaves a hundred times as much. */
function keep(from: string, to: string, names: RegExp): void {
  if (!existsSync(from)) return
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from).filter((one) => names.test(one))) {
    cpSync(join(from, name), join(to, name), { dereference: true })
  }
}
