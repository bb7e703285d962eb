import { setTimeout as wait } from 'node:timers/promises'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { eventually } from '../eventually.ts'
import type { Fault } from '../fault.ts'
import { recoveryLimitMs } from '../limits.ts'
import type { FaultWorld } from '../world.ts'

// MySQL that is there and refuses: no operation fails of it, and work goes on once it ends.

/** Long enough that back-offs have grown to their most. */
const refusalMs = 15_000
const shortRefusalMs = 3000
const lockLimitMs = 20_000

export const mysqlReadOnly: Fault = {
  name: 'mysql-read-only',
  what: 'MySQL is read-only for a while',
  count: 4,
  inTests: { tries: 1 },
  attempt: (world) =>
    refusing(world, async (admin, whileRefused) => {
      await admin.query('SET GLOBAL super_read_only = ON')
      await whileRefused()
      await admin.query('SET GLOBAL super_read_only = OFF')
      await admin.query('SET GLOBAL read_only = OFF')
    }),
}

export const mysqlOutOfConnections: Fault = {
  name: 'mysql-out-of-connections',
  what: 'MySQL has no connection left, just when all are needed anew',
  count: 4,
  inTests: { tries: 1 },
  attempt: (world) =>
    refusing(world, async (admin, whileRefused) => {
      const [[row]] = await admin.query<RowDataPacket[]>('SELECT @@max_connections AS most')
      await admin.query('SET GLOBAL max_connections = 1')
      world.cutAll()
      await whileRefused()
      await admin.query(`SET GLOBAL max_connections = ${row!.most}`)
    }),
}

export const rowLocked: Fault = {
  name: 'row-locked',
  what: "somebody holds a lock on the shard's rows for 30 s",
  count: 4,
  inTests: { tries: 1 },
  stage: { config: { worker: { lockWaitSeconds: 1 } } },
  attempt: (world, n) =>
    refusing(
      world,
      async (_, whileRefused) => {
        const shard = world.random.between(0, world.deployment.databases.length - 1)
        const holder = await createConnection(world.deployment.shardUrls[shard]!)
        await lockPins(holder)
        await whileRefused()
        await holder.rollback()
        await holder.end()
      },
      n === 0 ? 30_000 : refusalMs,
    ),
}

/** Windows lock the same rows, in another order: it may take more than one try. */
async function lockPins(holder: Connection): Promise<void> {
  await holder.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED')
  await eventually('the rows are locked', lockLimitMs, async () => {
    await holder.beginTransaction()
    return holder.query('SELECT id FROM pins FOR UPDATE').then(
      () => true,
      () => false,
    )
  })
}

async function refusing(
  world: FaultWorld,
  refuse: (admin: Connection, whileRefused: () => Promise<void>) => Promise<void>,
  ms = refusalMs,
): Promise<void> {
  // Opened before: there may be no way in later.
  const admin = await createConnection(world.servers.mysql.url)
  try {
    await refuse(admin, async () => {
      await wait(world.isHurried ? shortRefusalMs : ms)
    })
    world.measure('recovery', await world.movesOn(), recoveryLimitMs)
  } finally {
    await admin.end()
  }
}
