import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'

/** Tests that need no server; all others get one MySQL and one Kafka for the whole run. */
const unit = ['test/{core,api,config,consumer,simulator,guards}/**/*.test.ts']
const slowestMs = 30_000

export default defineConfig({
  test: {
    // MySQL, Kafka and the tests share the machine: more workers make each other's timeouts.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: unit,
          testTimeout: slowestMs,
          hookTimeout: slowestMs,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: unit,
          globalSetup: 'test/support/servers.ts',
          testTimeout: slowestMs,
          hookTimeout: slowestMs,
        },
      },
    ],
  },
})
