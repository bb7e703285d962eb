import type { Guard } from './guard.ts'
import { positionGuards } from './position-guards.ts'
import { requestGuards } from './request-guards.ts'
import { windowGuards } from './window-guards.ts'

export const guards: readonly Guard[] = [...positionGuards, ...windowGuards, ...requestGuards]

/** What is run where the tests that were meant to notice did not. */
export const wholeSuite = ['core', 'api', 'consumer', 'db', 'simulator', 'log'].map(
  (folder) => `test/${folder}`,
)
