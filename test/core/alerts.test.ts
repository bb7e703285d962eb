import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { alertCodes } from '../../core/alerts.ts'

const runbook = readFileSync(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8')

/** The entries under a heading that is nothing but a code. */
const entries = new Map(
  runbook
    .split(/^## /m)
    .map((entry): [string, string] => [/^`(\w+)`$/m.exec(entry)?.[1] ?? '', entry])
    .filter(([code]) => code !== ''),
)

test('the runbook has an entry for each alert, and for no other', () => {
  expect([...entries.keys()].sort()).toEqual([...alertCodes].sort())
})

test.each(alertCodes)('%s says what it means, what to look at, what to do', (code) => {
  for (const part of ['**Means**', '**Look at**', '**Do**']) {
    expect(entries.get(code)).toContain(part)
  }
})
