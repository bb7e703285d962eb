import type { Fault } from '../fault.ts'
import { allShards, isRefused, nothingIsWritten } from '../standstill.ts'

export const urlsSwapped: Fault = {
  name: 'urls-swapped',
  what: "the shards' URLs in another order: refused, nothing written",
  count: 2,
  async attempt(world) {
    const { deployment } = world
    const runtimes = world.workers.map(({ runtime }) => runtime)
    await Promise.all([...world.workers].map((worker) => world.stopWorker(worker)))
    const databases = deployment.databases.toReversed()
    const swapped = { SLUICE_CONFIG: deployment.writeConfig({ databases }) }
    const watched = nothingIsWritten(world, allShards(world))
    await isRefused(world, 'worker', /is another database than the config says/, swapped)
    await watched
    await Promise.all(runtimes.map((runtime) => world.startWorker(runtime)))
    await world.isShared()
    await world.movesOn()
  },
}
