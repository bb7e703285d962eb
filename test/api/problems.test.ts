import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { problemKinds } from '../../api/problem.ts'

const reference = readFileSync(join(import.meta.dirname, '../../docs/reference.md'), 'utf8')

test('the reference has each problem with its status, and no other', () => {
  const rows = reference.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \|/gm)
  const told = Array.from(rows, ([, name, status]) => [name, Number(status)])
  const known = Object.entries(problemKinds).map(([name, { status }]) => [name, status])
  // What an API on Deno answers that has closed its app already (runtime/serve-deno.ts).
  expect(told.sort()).toEqual([...known, ['stopping', 503]].sort())
})
