import { Admin } from '@platformatic/kafka'
import type { Fault } from '../fault.ts'

export const groupOffsetsDeleted: Fault = {
  name: 'group-offsets-deleted',
  what: "the group's offsets deleted: the shards' own positions count, work goes on",
  count: 4,
  inTests: { tries: 1 },
  async attempt(world) {
    const runtimes = world.workers.map(({ runtime }) => runtime)
    await Promise.all([...world.workers].map((worker) => world.stopWorker(worker)))
    const admin = new Admin({
      clientId: 'faults',
      bootstrapBrokers: [...world.servers.kafka.brokers],
    })
    // Kafka deletes a group only once its last member is gone.
    await admin.deleteGroups({ groups: [world.deployment.prefix] })
    await admin.close()
    await Promise.all(runtimes.map((runtime) => world.startWorker(runtime)))
    await world.isShared()
    await world.movesOn()
  },
}
