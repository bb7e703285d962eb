import { setTimeout as wait } from 'node:timers/promises'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { queryMysql } from '../../e2e/local-deployment.ts'
import type { Fault } from '../fault.ts'
import { recoveryLimitMs } from '../limits.ts'
import type { FaultWorld } from '../world.ts'

const stormMs = 5000
const shortStormMs = 2000
/** Writers on each shard. */
const writers = 3
/** Rows that each of their transactions locks, one after the other. */
const rows = 10
const deadlock = 1213
/** MySQL ends whichever of two transactions changed less: with these a window changed less. */
const heavy = `INSERT INTO faults_heavy VALUES ${Array(200).fill('(1)').join()}`

export const deadlockStorm: Fault = {
  name: 'deadlock-storm',
  what: 'online transactions lock the same rows in any order, also during isolation',
  count: 10,
  // A client that goes below zero in each request has MySQL isolate in each window.
  stage: { pauseMs: 50, belowZero: true },
  async prepare({ deployment }) {
    const sql = 'CREATE TABLE faults_heavy (n INT)'
    await Promise.all(deployment.shardUrls.map((url) => queryMysql(url, sql)))
  },
  async attempt(world) {
    const storm = await Promise.all(
      world.deployment.shardUrls.flatMap((url) =>
        Array.from({ length: writers }, () => createConnection(url)),
      ),
    )
    const until = performance.now() + (world.isHurried ? shortStormMs : stormMs)
    const before = await deadlocksOf(world)
    const met = await Promise.all(storm.map((connection) => rage(connection, world, until)))
    world.measure('recovery', await world.movesOn(), recoveryLimitMs)
    const ofOthers = met.reduce((sum, one) => sum + one, 0)
    const all = (await deadlocksOf(world)) - before
    world.count('deadlocks', all)
    // Each has one victim: the rest of them were windows.
    world.count(windowVictims, all - ofOthers)
  },
  async finish({ counted }) {
    if (counted.get(windowVictims)) return
    throw new Error('no window was the victim of a deadlock')
  },
}

const windowVictims = 'windows that were their victims'

/** Transactions that write nothing new and lock rows in random order. Gives how many were victims. */
async function rage(connection: Connection, { load }: FaultWorld, until: number): Promise<number> {
  let victims = 0
  while (performance.now() < until) {
    try {
      await connection.beginTransaction()
      await connection.query(heavy)
      for (const id of await hottest(connection, load)) {
        await connection.query(`UPDATE pins SET saves = saves WHERE id = ${id}`)
        await wait(1)
      }
      await connection.rollback()
    } catch (error) {
      if ((error as { errno?: number }).errno !== deadlock) throw error
      victims++
    }
  }
  await connection.end()
  return victims
}

/** Some of the shard's pins that were written to last, in any order: windows lock them as well. */
async function hottest(connection: Connection, { recent }: FaultWorld['load']): Promise<string[]> {
  const sql = 'SELECT id FROM pins WHERE id IN (?) ORDER BY RAND() LIMIT ?'
  const [found] = await connection.query<RowDataPacket[]>(sql, [recent, rows])
  return found.map(({ id }) => String(id))
}

async function deadlocksOf({ deployment }: FaultWorld): Promise<number> {
  const sql = `SELECT count AS found FROM information_schema.innodb_metrics WHERE name = 'lock_deadlocks'`
  const [row] = await queryMysql(deployment.mysqlUrl, sql)
  return Number(row!.found)
}
