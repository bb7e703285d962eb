import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Settings } from '../../config/settings.ts'
import { currentRuntime } from '../../runtime/current-runtime.ts'
import { kafkaClientName } from '../../wiring/kafka-client.ts'
import { buildOnce } from '../build-once.ts'
import { run } from '../command.ts'
import { withLock } from '../lock.ts'
import type { Steps } from '../steps.ts'
import { buildAddon, type LockedNode } from './build.ts'

export interface KafkaClientOptions {
  /** Keeps what was built or downloaded: `<dataDir>/kafka-client`. */
  readonly dataDir: string
  /** Whether Debian packages may be installed where a build needs them. */
  readonly systemPackages: boolean
  /** The installed package. */
  readonly packageFolder?: string
}

const library = '@confluentinc/kafka-javascript'
const node = resolve('node_modules/.bin/node')
const askLimitMs = 20_000

/**
 * Makes the Kafka client confluent load on the locked Node. Its native addon is no part of its
 * package, and `npm ci` does not make it: most users do without. It is made once for each version,
 * kept, and put back where npm took it away.
 */
export async function provideKafkaClient(
  { dataDir, systemPackages, packageFolder = resolve('node_modules', library) }: KafkaClientOptions,
  steps: Steps,
): Promise<void> {
  if (await loads(packageFolder)) return
  if (!existsSync(packageFolder)) {
    throw new Error(
      `The package ${library} is missing: run \`npm ci\`, without leaving out optional ones`,
    )
  }
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'))
  const name = `Kafka client confluent ${version}`
  await steps.step(name, async (say) => {
    const locked = await askNode()
    const { abi, platform, arch } = locked
    const cache = resolve(dataDir, 'kafka-client', `${version}-node-v${abi}-${platform}-${arch}`)
    if (existsSync(cache)) {
      await install(cache, packageFolder)
      say(`${name} put back into node_modules`)
      if (await loads(packageFolder)) return
      // What it was linked with is gone from this machine, or it is half a copy.
      rmSync(cache, { recursive: true })
    }
    await buildOnce(cache, async (partial, scratch) => {
      const how = await buildAddon({ packageFolder, node, locked, systemPackages, steps }, scratch)
      cpSync(how.build, partial, { recursive: true })
      say(`${name} ${how.done}`)
    })
    await install(cache, packageFolder)
    const reason = await whyNot(packageFolder)
    if (reason === undefined) return
    rmSync(cache, { recursive: true })
    throw new Error(`${name} was made and does not load: ${reason}`)
  })
}

/** The same, where the settings need it: brokers are named, and the client is this one. */
export async function provideWantedKafkaClient(settings: Settings, steps: Steps): Promise<void> {
  const { kafka, dataDir, maySystemInstall: systemPackages } = settings
  if (!kafka || kafkaClientName(kafka) !== 'confluent' || currentRuntime() !== 'node') return
  await provideKafkaClient({ dataDir, systemPackages }, steps)
}

/** In another process: this one could not take a wrong one out again. */
async function loads(packageFolder: string): Promise<boolean> {
  return (await whyNot(packageFolder)) === undefined
}

async function whyNot(packageFolder: string): Promise<string | undefined> {
  try {
    await run(node, ['-e', 'require(process.argv[1])', packageFolder], { limitMs: askLimitMs })
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

async function askNode(): Promise<LockedNode> {
  const script = `const { platform, arch, versions } = process
    console.log(JSON.stringify({ platform, arch, version: versions.node, abi: versions.modules }))`
  return JSON.parse(await run(node, ['-e', script], { limitMs: askLimitMs }))
}

/** A process that has the former one loaded keeps it: the folder is exchanged, not written over. */
function install(cache: string, packageFolder: string): Promise<void> {
  return withLock(`${cache}.lock`, async () => {
    const target = join(packageFolder, 'build')
    const partial = `${target}.partial`
    rmSync(partial, { recursive: true, force: true })
    mkdirSync(partial)
    cpSync(cache, partial, { recursive: true })
    rmSync(target, { recursive: true, force: true })
    renameSync(partial, target)
  })
}
