import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keyLifetimeMs } from '../../core/keyed-request.ts'
import { offset } from '../../core/position.ts'
import type { BlockId, RequestBlock } from '../../core/request-blocks.ts'
import { blockOperations, blocksOf, judgeRequests } from '../../core/request-blocks.ts'
import type { Source } from '../../core/source.ts'
import { separateTypes } from '../support/sample-types.ts'

const hourMs = 3_600_000

interface Copy {
  readonly key: string
  readonly body: string
  readonly atMs: number
  readonly indexes: readonly number[]
  readonly tenant?: string
}

/** The operations of copies of requests, as they stand in the log; a copy without a key too. */
function sourcesOf(copies: readonly (Copy | number)[]): Source[] {
  let at = 0
  return copies.flatMap((copy) => {
    const given = typeof copy === 'number' ? { indexes: [copy], tenant: 't' } : copy
    const { indexes, tenant = 't' } = given
    const keyed = typeof copy !== 'number' && {
      keyed: { key: copy.key, digest: copy.body, publishedAtMs: copy.atMs },
    }
    const job = typeof copy === 'number' ? 'unkeyed' : `${tenant}/${copy.key}/${copy.body}`
    const origin = { job, tenant, ...keyed }
    return indexes.map((index) => ({
      operation: { index, type: 'note', kind: 'create' as const, object: {} },
      type: separateTypes[0]!,
      origin,
      end: { offset: offset(++at), operation: 0 },
    }))
  })
}

/** The rows of a shard, and windows judged over them. */
class Rows {
  readonly blocks = new Map<string, RequestBlock>()
  nowMs = Number.POSITIVE_INFINITY

  judge(sources: readonly Source[]) {
    const ids = blocksOf(sources)
    return judgeRequests(
      sources,
      ids.flatMap((id) => this.blocks.get(keyOf(id)) ?? []),
      this.nowMs,
    )
  }

  apply(sources: readonly Source[]) {
    const verdicts = this.judge(sources)
    for (const block of verdicts.changes.blocks) this.blocks.set(keyOf(block), block)
    const reused = new Set(verdicts.reused.map(({ source }) => source))
    const outcomes = sources.map((source) => {
      if (reused.has(source)) return 'reused'
      return verdicts.duplicates.has(source) ? 'dropped' : 'admitted'
    })
    return { ...verdicts, outcomes }
  }
}

const keyOf = ({ tenant, key, block }: BlockId) => JSON.stringify([tenant, key, block])

describe('a keyed request', () => {
  const copy: Copy = { key: 'k', body: 'a', atMs: 1000, indexes: [0, 1, 1023, 1024, 5000] }
  const all = (outcome: string) => copy.indexes.map(() => outcome)

  test('is admitted once, and its copies are dropped however windows are cut', () => {
    const rows = new Rows()
    const sources = sourcesOf([copy, { ...copy, atMs: 2000 }])
    const cuts = [sources.slice(0, 3), sources.slice(3, 7), sources.slice(7)]
    const outcomes = cuts.flatMap((window) => rows.apply(window).outcomes)
    expect(outcomes).toEqual([...all('admitted'), ...all('dropped')])
  })

  test('is admitted once where both copies stand in one window', () => {
    const { outcomes } = new Rows().apply(sourcesOf([copy, { ...copy, atMs: 2000 }]))
    expect(outcomes).toEqual([...all('admitted'), ...all('dropped')])
  })

  test('goes on where its first copy was cut off', () => {
    const rows = new Rows()
    rows.apply(sourcesOf([{ ...copy, indexes: [1, 1024] }]))
    const { outcomes, begun } = rows.apply(sourcesOf([{ ...copy, atMs: 2000 }]))
    expect(outcomes).toEqual(['admitted', 'dropped', 'admitted', 'dropped', 'admitted'])
    expect(begun.size).toBe(0)
  })

  test('with another body is rejected, in blocks too that the first one never had', () => {
    const rows = new Rows()
    rows.apply(sourcesOf([{ ...copy, indexes: [2000] }]))
    const { outcomes, reused, changes } = rows.apply(sourcesOf([{ ...copy, body: 'b' }]))
    expect(outcomes).toEqual(all('reused'))
    expect(reused[0]!.failure.code).toBe('idempotency_key_reused')
    expect(changes.blocks).toEqual([])
  })

  test('of another tenant or key, and one without a key, is another request', () => {
    const rows = new Rows()
    rows.apply(sourcesOf([copy]))
    const { outcomes } = rows.apply(
      sourcesOf([{ ...copy, tenant: 'u' }, { ...copy, key: 'l' }, 0, 1]),
    )
    expect(new Set(outcomes)).toEqual(new Set(['admitted']))
  })

  test('begins anew 24 hours after it was first published, by publish time, and not before', () => {
    const rows = new Rows()
    const at = (atMs: number, body = 'a') => sourcesOf([{ ...copy, atMs, body }])
    rows.apply(at(1000))
    expect(rows.apply(at(1000 + keyLifetimeMs - 1)).outcomes).toEqual(all('dropped'))
    // Of an API whose clock is behind.
    expect(rows.apply(at(0)).outcomes).toEqual(all('dropped'))
    const again = rows.apply(at(1000 + keyLifetimeMs, 'b'))
    expect(again.outcomes).toEqual(all('admitted'))
    expect([...again.begun]).toEqual(['t/k/b'])
    expect(rows.apply(at(1000 + keyLifetimeMs, 'a')).outcomes).toEqual(all('reused'))
    expect(rows.apply(at(2000 + keyLifetimeMs, 'b')).outcomes).toEqual(all('dropped'))
  })

  test('that begins anew finds the bits of no block set, not even of one read later', () => {
    const rows = new Rows()
    rows.apply(sourcesOf([copy]))
    const anew = { ...copy, atMs: copy.atMs + keyLifetimeMs }
    expect(rows.apply(sourcesOf([{ ...anew, indexes: [0] }])).begun.size).toBe(1)
    const later = rows.apply(sourcesOf([{ ...anew, indexes: [1, 1023, 1024, 5000] }]))
    expect(new Set(later.outcomes)).toEqual(new Set(['admitted']))
    expect(later.begun.size).toBe(0)
  })

  test('that begins anew within a window outdates what stood before it there', () => {
    const sources = sourcesOf([copy, { ...copy, atMs: copy.atMs + keyLifetimeMs }])
    const { outcomes, outdated } = new Rows().apply(sources)
    expect(new Set(outcomes)).toEqual(new Set(['admitted']))
    expect([...outdated]).toEqual(sources.slice(0, copy.indexes.length))
  })

  test('lets what is older than any copy that may still count be forgotten, where one begins', () => {
    const rows = new Rows()
    const atMs = 100 * hourMs
    const window = sourcesOf([
      { ...copy, atMs: atMs + hourMs },
      { ...copy, key: 'l', atMs },
    ])
    const { forget, blocks } = rows.apply(window).changes
    expect(forget).toEqual({ beforeMs: atMs - 25 * hourMs, rows: 2 * blocks.length + 100 })
    expect(rows.apply(window).changes.forget).toBeUndefined()
    // The window's own clock counts where all that it holds are ahead of it.
    rows.nowMs = 90 * hourMs
    const ahead = rows.apply(sourcesOf([{ ...copy, key: 'm', atMs }]))
    expect(ahead.changes.forget).toMatchObject({ beforeMs: 65 * hourMs })
  })

  test('takes a row for 1,024 operations, and one more that says which request it is', () => {
    const indexes = Array.from({ length: 2 * blockOperations }, (_, i) => 3 * blockOperations + i)
    const ids = blocksOf(sourcesOf([{ ...copy, indexes }, 7]))
    expect(ids.map(({ block }) => block)).toEqual([0, 3, 4])
  })
})

const copies = fc.array(
  fc.oneof(
    fc.record({
      key: fc.constantFrom('k', 'l'),
      body: fc.constantFrom('a', 'a', 'b'),
      atMs: fc.nat({ max: 50 }).map((hours) => hours * hourMs),
      tenant: fc.constantFrom('t', 'u'),
      indexes: fc.uniqueArray(fc.constantFrom(0, 1, 7, 8, 1023, 1024, 1025, 2047, 4096), {
        minLength: 1,
      }),
    }),
    fc.nat({ max: 3 }),
  ),
  { maxLength: 12 },
)

/** The rule in its simplest words, one operation after the other. */
function alone(sources: readonly Source[]): string[] {
  const requests = new Map<string, { body: string; sinceMs: number; settled: Set<number> }>()
  return sources.map(({ origin: { tenant, keyed }, operation: { index } }) => {
    if (!keyed) return 'admitted'
    const id = `${tenant} ${keyed.key}`
    let request = requests.get(id)
    if (!request || keyed.publishedAtMs - request.sinceMs >= 24 * hourMs) {
      request = { body: keyed.digest, sinceMs: keyed.publishedAtMs, settled: new Set() }
      requests.set(id, request)
    }
    if (request.body !== keyed.digest) return 'reused'
    if (request.settled.has(index)) return 'dropped'
    request.settled.add(index)
    return 'admitted'
  })
}

test('windows of any cut, tried again from older positions after crashes, decide as one by one', () => {
  const step = fc.record({
    operations: fc.integer({ min: 1, max: 9 }),
    /** Nothing of the window is kept. */
    crashes: fc.boolean(),
    /** The shard is restored to where it was so many windows ago. */
    restored: fc.constantFrom(0, 0, 0, 1, 3),
  })
  fc.assert(
    fc.property(copies, fc.infiniteStream(step), (given, steps) => {
      const sources = sourcesOf(given)
      const outcomes: string[] = []
      const rows = new Rows()
      const backups: { at: number; blocks: Map<string, RequestBlock> }[] = []
      let left = 60
      for (const { operations, crashes, restored } of steps) {
        const at = outcomes.length
        if (at >= sources.length) break
        const window = sources.slice(at, at + operations)
        if (crashes && left-- > 0) {
          rows.judge(window)
          continue
        }
        const backup = restored > 0 && left-- > 0 && backups.at(-restored)
        if (backup) {
          rows.blocks.clear()
          for (const [key, block] of backup.blocks) rows.blocks.set(key, block)
          outcomes.length = backup.at
          backups.splice(backups.indexOf(backup))
          continue
        }
        backups.push({ at, blocks: new Map(rows.blocks) })
        outcomes.push(...rows.apply(window).outcomes)
      }
      expect(outcomes).toEqual(alone(sources))
    }),
    { numRuns: 2000 },
  )
})
