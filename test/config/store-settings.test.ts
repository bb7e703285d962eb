import { expect, test } from 'vitest'
import { defaultWorkerSettings } from '../../config/worker-settings.ts'
import { storeSettings } from '../../wiring/shards.ts'

test.each([
  ['stops the shard as a rule', defaultWorkerSettings.failingAlikeJobs, true],
  ['fails its rows where the config has all failures recorded', 0, false],
])('a narrowed column %s', (_, failingAlikeJobs, stopsAtNarrowed) => {
  const worker = { ...defaultWorkerSettings, failingAlikeJobs }
  expect(storeSettings({ worker })).toMatchObject({ stopsAtNarrowed })
})
