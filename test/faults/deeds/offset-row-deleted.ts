import { queryMysql } from '../../e2e/local-deployment.ts'
import type { Fault } from '../fault.ts'
import { recoveryLimitMs } from '../limits.ts'
import { allShards, nothingIsWritten, workersSay } from '../standstill.ts'

/** As it stands at that moment: no window may come between. */
const takeAway = `
  CREATE TABLE faults_row LIKE sluice_offsets;
  START TRANSACTION;
  INSERT INTO faults_row SELECT * FROM sluice_offsets FOR UPDATE;
  DELETE FROM sluice_offsets;
  COMMIT`
const putBack = `
  INSERT INTO sluice_offsets SELECT * FROM faults_row;
  DROP TABLE faults_row`

export const offsetRowDeleted: Fault = {
  name: 'offset-row-deleted',
  what: "a shard's row in sluice_offsets deleted: stopped, said, nothing written until it is back",
  count: 4,
  inTests: { tries: 1 },
  async attempt(world) {
    const shard = world.random.pick(allShards(world))
    const url = world.deployment.shardUrls[shard]!
    await queryMysql(url, takeAway)
    await workersSay(
      world,
      new RegExp(`ALERT shard_stopped_database on shard ${shard}: .*in sluice_offsets is gone`),
    )
    await nothingIsWritten(world, [shard])
    await queryMysql(url, putBack)
    world.measure('recovery', await world.movesOn(), recoveryLimitMs)
  },
}
