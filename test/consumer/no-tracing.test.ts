import { expect, test } from 'vitest'
import { traceWindow, withStatementSpans } from '../../consumer/window-tracing.ts'
import { planWindow } from '../../core/plan.ts'
import { offset, shardId } from '../../core/position.ts'
import type { Source } from '../../core/source.ts'
import { ModelTables } from '../support/model-tables.ts'
import { ModelTransaction } from '../support/model-transaction.ts'
import { note } from '../support/sample-types.ts'
import { creates } from './note-operations.ts'

test('without an SDK no trace context is looked at', async () => {
  let looks = 0
  const origin = {
    job: 'job-1',
    tenant: 'tests',
    get traceparent() {
      looks++
      return '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    },
  }
  const at = { offset: offset(0), operation: 0 }
  const sources = creates(100).map(
    (operation): Source => ({ operation, type: note, origin, end: at }),
  )
  const window = {
    from: at,
    to: at,
    plan: planWindow(sources),
    undecodable: [],
    rejected: [],
    cancelled: [],
  }
  const transaction = new ModelTransaction(new ModelTables([note]))
  let isDone = false
  await traceWindow(shardId(0), window, async () => {
    expect(withStatementSpans(transaction)).toBe(transaction)
    isDone = true
  })
  expect(isDone).toBe(true)
  expect(looks).toBe(0)
})
