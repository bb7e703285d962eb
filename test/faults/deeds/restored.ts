import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { provideMysql } from '../../../setup/mysql/provide.ts'
import type { MysqlServer } from '../../../setup/mysql/server.ts'
import type { Fault } from '../fault.ts'
import { layOutReplica, restoreSnapshot, takeSnapshot } from '../snapshot.ts'

/** How old the state is that comes back, where time is not short. */
const ageMs = 60_000
const shortAgeMs = 5000

export const mysqlRestored: Fault = {
  name: 'mysql-restored',
  what: 'MySQL restored to its state of 60 s ago: what it lost is replayed',
  count: 4,
  async attempt(world, n) {
    const { servers, random } = world
    const snapshot = join(servers.folder, 'snapshot')
    await takeSnapshot(servers, snapshot)
    await wait(n === 0 && !world.isHurried ? ageMs : shortAgeMs)
    // Sometimes another owner claimed meanwhile, so that the restored row is not of the owner's epoch.
    if (n % 2 === 1) {
      await world.stopWorker(random.pick(world.workers))
      await world.startWorker('bun')
      await world.isShared()
    }
    await restoreSnapshot(servers, snapshot)
    world.measure('recovery', await world.movesOn())
    rmSync(snapshot, { recursive: true })
  },
}

let replica: MysqlServer | undefined

export const replicaTakesOver: Fault = {
  name: 'replica-takes-over',
  what: 'a replica that lost the last transactions takes over',
  count: 1,
  inTests: { tries: 1 },
  async attempt(world) {
    const { servers } = world
    const [snapshot, instance] = ['snapshot', 'replica'].map((name) => join(servers.folder, name))
    await takeSnapshot(servers, snapshot!)
    layOutReplica(servers, snapshot!, instance!)
    replica = await provideMysql({ dataDir: servers.dataDir, instance: instance! })
    await wait(world.random.between(500, 2000))
    world.failOverTo(replica.url)
    world.measure('recovery', await world.movesOn())
  },
  async clearAway({ servers }) {
    await replica?.stop()
    for (const name of ['snapshot', 'replica']) {
      rmSync(join(servers.folder, name), { recursive: true, force: true })
    }
  },
}
