import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { defaultApiLimits } from '../../api/limits.ts'
import { configSchema } from '../../config/config-schema.ts'
import { compileShards } from '../../config/shards.ts'
import { defaultWorkerSettings } from '../../config/worker-settings.ts'
import { defaultMessageLimits } from '../../core/shard-batching.ts'

const reference = readFileSync(join(import.meta.dirname, '../../docs/reference.md'), 'utf8')

/** A table's first column, and the number that its last one begins with. */
function membersUnder(heading: string): Map<string, number> {
  const section = reference.split(/^### /m).find((text) => text.startsWith(heading))!
  const rows = section.matchAll(/^\| `(\w+)` \|.*\| ([^|]*) \|$/gm)
  return new Map(Array.from(rows, ([, name, value]) => [name!, Number.parseInt(value!, 10)]))
}

const { shards, worker, api, messages } = configSchema.shape
const [shard] = compileShards(
  { count: 1, url: () => undefined, statementsPerSecond: 1 },
  () => {},
).limits
const groups = [
  {
    heading: '`shards',
    shape: shards.shape.options.shape,
    defaults: { pullSize: shard!.pullSize },
  },
  { heading: '`worker', shape: worker.unwrap().shape, defaults: defaultWorkerSettings },
  { heading: '`api', shape: api.unwrap().shape, defaults: defaultApiLimits },
  { heading: '`messages', shape: messages.unwrap().shape, defaults: defaultMessageLimits },
]

test.each(groups)('the reference has each member of $heading`, and its default', (group) => {
  const told = membersUnder(group.heading)
  expect([...told.keys()].sort()).toEqual(Object.keys(group.shape).sort())
  for (const [name, value] of Object.entries(group.defaults)) {
    if (name in group.shape) expect([name, told.get(name)]).toEqual([name, value])
  }
})
