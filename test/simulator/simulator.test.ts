import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { faults } from './faults.ts'
import { simulate } from './simulation.ts'
import { Tally } from './tally.ts'

const seeds = 300
const seedsPerTest = 25
const tally = new Tally()

describe('a deployment to which everything happens', () => {
  const starts = Array.from({ length: seeds / seedsPerTest }, (_, i) => 1 + i * seedsPerTest)
  test.each(starts)(`keeps every promise, from seed %i on`, async (from) => {
    for (let seed = from; seed < from + seedsPerTest; seed++) {
      const result = await simulate(seed)
      tally.add(result)
      expect(result.problem, `npm run simulate -- --seed ${seed}`).toBeUndefined()
    }
  })

  test('meets each fault', () => {
    const never = faults.filter((fault) => tally.counts.get(fault) === 0)
    expect(never).toEqual([])
  })
})

describe('a seed', () => {
  const seed = 7

  test('gives the same trace again, also in another process', async () => {
    const here = await simulate(seed)
    const again = await simulate(seed)
    expect(again).toEqual(here)
    const run = ['test/simulator/run.ts', '--seed', String(seed)]
    const { stdout } = await promisify(execFile)(process.execPath, run, { maxBuffer: 2 ** 26 })
    expect(stdout.trim().split('\n').at(-1)).toBe(`trace ${here.hash}`)
  })

  test('has a trace of its own', async () => {
    const hashes = [1, 2, 3, 4].map(async (other) => (await simulate(other)).hash)
    expect(new Set(await Promise.all(hashes)).size).toBe(4)
  })
})
