import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Difference } from '../../demo/compare.ts'
import { provideMysql } from '../../setup/mysql/provide.ts'
import type { Fault } from './fault.ts'
import { Random } from './random.ts'
import type { FaultServers } from './servers.ts'
import { differencesOf } from './verdict.ts'
import { FaultWorld } from './world.ts'

/** What came of a fault's tries. */
export interface FaultResult {
  readonly fault: Fault
  readonly tries: number
  readonly lost: number
  readonly wrong: number
  readonly doubled: number
  /** The longest of each thing that was measured, in ms. */
  readonly measured: ReadonlyMap<string, number>
  readonly counted: ReadonlyMap<string, number>
  readonly operations: number
  readonly seconds: number
  /** What did not hold, in words. */
  readonly broken: readonly string[]
  /** Where everybody's words are, if something did not hold. */
  readonly logs: string | undefined
}

export interface RunOptions {
  readonly seed: number
  readonly servers: FaultServers
  /** Whether long waits are to be short, as in `npm test`. */
  readonly isHurried: boolean
}

/** Does a fault so often, under load, then compares all there is. */
export async function attemptFault(
  fault: Fault,
  tries: number,
  options: RunOptions,
): Promise<FaultResult> {
  const { mysqlOptions } = fault
  if (!mysqlOptions) return attemptOn(options.servers, fault, tries, options)
  const { dataDir, folder } = options.servers
  const instance = join(folder, fault.name)
  const mysql = await provideMysql({ dataDir, instance, options: mysqlOptions })
  try {
    return await attemptOn({ ...options.servers, mysql }, fault, tries, options)
  } finally {
    await mysql.stop()
  }
}

async function attemptOn(
  servers: FaultServers,
  fault: Fault,
  tries: number,
  { seed, isHurried }: RunOptions,
): Promise<FaultResult> {
  const startMs = performance.now()
  const stage = fault.stage ?? {}
  const world = await FaultWorld.open({ servers, stage, random: new Random(seed), isHurried })
  try {
    const { tries: done, broken } = await doTries(world, fault, tries)
    const differences = await compareAll(world, broken)
    const count = (kind: Difference['kind']) =>
      differences.filter((one) => one.kind === kind).length
    const all = [...broken, ...differences.map(({ kind, what }) => `${kind}: ${what}`)]
    return {
      fault,
      tries: done,
      lost: count('lost'),
      wrong: count('wrong'),
      doubled: count('doubled'),
      measured: world.measured,
      counted: world.counted,
      operations: world.load.operations,
      seconds: (performance.now() - startMs) / 1000,
      broken: all,
      logs: all.length > 0 ? keepLogs(fault, seed, world, all) : undefined,
    }
  } finally {
    await world.close()
    await fault.clearAway?.(world)
  }
}

/** How many tries held, and what did not. */
async function doTries(world: FaultWorld, fault: Fault, tries: number) {
  const broken: string[] = []
  let done = 0
  try {
    await world.setUp()
    await fault.prepare?.(world)
    for (; done < tries; done++) await fault.attempt(world, done)
    await fault.finish?.(world)
  } catch (error) {
    broken.push(`try ${done + 1}: ${(error as Error).message}`)
  }
  return { tries: done, broken }
}

async function compareAll(world: FaultWorld, broken: string[]): Promise<readonly Difference[]> {
  try {
    const counts = await world.settled()
    const found = await differencesOf(world.deployment, world.load, counts, world.audit)
    return [...world.differences, ...found]
  } catch (error) {
    broken.push(`at the end: ${(error as Error).message}`)
    return world.differences
  }
}

/** Keeps what everybody said, in a folder that outlives the run. */
function keepLogs(
  { name }: Fault,
  seed: number,
  { deployment, servers }: FaultWorld,
  broken: readonly string[],
): string {
  const folder = join(servers.dataDir, 'faults', 'failed', `${name}-${seed}`)
  mkdirSync(folder, { recursive: true })
  for (const { title, pid, output } of deployment.processes) {
    writeFileSync(join(folder, `${basename(title, '.ts')}-${pid}.log`), output)
  }
  for (const server of ['mysql', 'kafka']) {
    cpSync(join(servers.folder, server, 'server.log'), join(folder, `${server}.log`))
  }
  writeFileSync(join(folder, 'broken.log'), broken.map((one) => `${one}\n`).join(''))
  return folder
}
