import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Fault } from '../fault.ts'
import { allShards, isRefused, nothingIsWritten } from '../standstill.ts'

/** What Deployment keeps there itself. */
const config = /\.config\.ts$/

export const dataFolderDeleted: Fault = {
  name: 'data-folder-deleted',
  what: 'the embedded log deleted under shards that know it: refused, nothing written',
  count: 2,
  stage: { log: 'embedded', workers: ['node'], api: 'node', clients: 2 },
  async attempt(world) {
    const { folder } = world.deployment
    await world.settled()
    await Promise.all([world.stopWorker(world.workers[0]!), world.api.stop()])
    const away = `${folder}-away`
    move(folder, away)
    const watched = nothingIsWritten(world, allShards(world))
    await isRefused(world, 'worker', /No log is at \S+: run `npm run migrate`/)
    await isRefused(world, 'migrate', /it was deleted and made anew/)
    await isRefused(world, 'worker', /it was deleted and made anew/)
    await watched
    for (const name of ofTheLog(folder)) rmSync(join(folder, name), { recursive: true })
    move(away, folder)
    rmSync(away, { recursive: true })
    await world.startApi()
    await world.startWorker('node')
    world.load.start()
    await world.movesOn()
  },
}

function ofTheLog(folder: string): string[] {
  return readdirSync(folder).filter((name) => !config.test(name))
}

function move(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const name of ofTheLog(from)) renameSync(join(from, name), join(to, name))
}
