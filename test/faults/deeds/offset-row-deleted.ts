import { queryMysql } from '../../e2e/local-deployment.ts'
import type { Fault } from '../fault.ts'
import { recoveryLimitMs } from '../limits.ts'
import { allShards, nothingIsWritten, workersSay } from '../standstill.ts'

export const offsetRowDeleted: Fault = {
  name: 'offset-row-deleted',
  what: "a shard's row in sluice_offsets deleted: stopped, said, nothing written until it is back",
  count: 4,
  inTests: { tries: 1 },
  async attempt(world) {
    const shard = world.random.pick(allShards(world))
    const url = world.deployment.shardUrls[shard]!
    await queryMysql(
      url,
      `CREATE TABLE faults_row AS SELECT * FROM sluice_offsets; DELETE FROM sluice_offsets`,
    )
    await workersSay(
      world,
      new RegExp(`ALERT shard_stopped_database on shard ${shard}: .*sluice_offsets has no row`),
    )
    await nothingIsWritten(world, [shard])
    // The others know nothing of it.
    await queryMysql(
      url,
      'INSERT INTO sluice_offsets SELECT * FROM faults_row; DROP TABLE faults_row',
    )
    world.measure('recovery', await world.movesOn(), recoveryLimitMs)
  },
}
