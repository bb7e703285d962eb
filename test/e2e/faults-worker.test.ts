import { expect, test } from 'vitest'
import { Deployment } from './deployment.ts'
import { createPin, createUser, incrementSaves } from './operations.ts'

const patient = { timeout: 20_000, interval: 50 }

/** Pins of this title are inserted as slowly as the table `pause` says. */
const slowPins = `
  CREATE TABLE pause (seconds INT);
  INSERT INTO pause VALUES (60);
  CREATE TRIGGER slow_pins BEFORE INSERT ON pins FOR EACH ROW
    SET @slept = IF(NEW.title = 'slow', SLEEP((SELECT seconds FROM pause)), 0)`

test('a worker killed with -9 amid a window: all of it is undone, then applied once by the next', {
  timeout: 60_000,
}, async () => {
  const deployment = new Deployment({ shards: 1, config: { orderedPins: true } })
  await deployment.migrate()
  await deployment.query(0, slowPins)
  const [api, worker] = await Promise.all([deployment.startApi(), deployment.startWorker()])
  const { body } = await api.write([
    createUser('1'),
    createPin('1', '1'),
    incrementSaves('1', '1', 5),
    createPin('2', '1', 'slow'),
    incrementSaves('2', '1', 7),
  ])
  const sleeping = `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND state = 'User sleep'`
  await expect.poll(async () => (await deployment.query(0, sleeping)).length, patient).toBe(1)
  const [zombie] = await deployment.query(0, sleeping)

  await worker.process.kill()
  // Nobody told MySQL: the window's transaction is open, and holds the shard's position.
  expect(await deployment.query(0, sleeping)).toEqual([zombie])
  expect(await deployment.query(0, 'SELECT id FROM users')).toEqual([])
  await deployment.query(0, 'UPDATE pause SET seconds = 0')

  const successor = await deployment.startWorker()
  expect(await api.settled(String(body.receipt))).toMatchObject({
    state: 'done',
    accepted: 5,
    applied: 5,
  })
  expect(await deployment.query(0, sleeping)).toEqual([])
  expect(await deployment.query(0, 'SELECT id, saves FROM pins ORDER BY id')).toEqual([
    { id: '1', saves: 5 },
    { id: '2', saves: 7 },
  ])
  expect(await successor.process.stop()).toBe(0)
})
