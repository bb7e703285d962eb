import { protocolErrorsCodesById } from '@platformatic/kafka'
import { expect, test } from 'vitest'
import { verdictOn } from '../../log/platformatic-verdict.ts'

test.each([
  ['a leader that steps down while it waits for its followers', 'NOT_LEADER_OR_FOLLOWER'],
  ['one that no longer hosts the partition', 'UNKNOWN_TOPIC_OR_PARTITION'],
  ['one whose disk failed meanwhile', 'KAFKA_STORAGE_ERROR'],
  ['one that waited too long', 'REQUEST_TIMED_OUT'],
  ['an error that this table does not know', 'UNKNOWN_SERVER_ERROR'],
] as const)('%s may have written', (_what, name) => {
  expect(verdictOn(codeOf(name))).toBe('unclear')
})

test.each([
  ['too few replicas in sync, before it appends', 'NOT_ENOUGH_REPLICAS', 'not_now'],
  ['a message above the limit', 'MESSAGE_TOO_LARGE', 'too_large'],
  ['a user who may not', 'TOPIC_AUTHORIZATION_FAILED', 'refused'],
] as const)('%s has not', (_what, name, verdict) => {
  expect(verdictOn(codeOf(name))).toBe(verdict)
})

function codeOf(name: string): number {
  const [code] = Object.entries(protocolErrorsCodesById).find(([, known]) => known === name)!
  return Number(code)
}
