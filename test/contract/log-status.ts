import assert from 'node:assert/strict'
import type { LogCase } from './log.ts'
import { eventually, shard } from './log-steps.ts'

export const statusCases: readonly LogCase[] = [
  {
    name: "each shard's last status is read by another instance",
    async run(world) {
      await world.migrate()
      const [worker, api] = [await world.open(), await world.open()]
      assert.deepEqual([...(await api.status.read())], [])
      await worker.status.put(shard(0), 'idle')
      await worker.status.put(shard(2), '{"reason":"läuft"}')
      await Promise.all(['1', '2', '3'].map((value) => worker.status.put(shard(0), value)))
      const startMs = performance.now()
      await eventually('the newest values', async () => {
        const found = await api.status.read()
        return found.get(shard(0)) === '3' && found.get(shard(2)) ? found : undefined
      })
      assert.ok(performance.now() - startMs < 1500)
      const late = await (await world.open()).status.read()
      assert.deepEqual(
        new Map(late),
        new Map([
          [shard(0), '3'],
          [shard(2), '{"reason":"läuft"}'],
        ]),
      )
    },
  },
]
