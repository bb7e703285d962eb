import { describe, expect, it } from 'vitest'
import type { MysqlShardsOptions } from '../../config/shards.ts'
import { compileShards } from '../../config/shards.ts'

const url = (n: number) => `mysql://user:secret@db.example/sluice_${n}`

function compile(options: Partial<MysqlShardsOptions>) {
  const problems: string[] = []
  const all = { count: 2, url, statementsPerSecond: 50, ...options }
  const shards = compileShards(all, (problem) => problems.push(problem))
  return { shards, problems }
}

describe('shards', () => {
  it('have limits of their own where a function gives them; 0 is no limit', () => {
    const { shards } = compile({
      statementsPerSecond: (n) => n * 100,
      rowsPerSecond: 5000,
      pullSize: (n) => n + 1,
    })
    expect(shards.limits).toEqual([
      { statementsPerSecond: Number.POSITIVE_INFINITY, rowsPerSecond: 5000, pullSize: 1 },
      { statementsPerSecond: 100, rowsPerSecond: 5000, pullSize: 2 },
    ])
  })

  it('of another number are another map', () => {
    expect(compile({ count: 2 }).shards.map).not.toBe(compile({ count: 3 }).shards.map)
  })

  it('need no URL: an API does without', () => {
    expect(compile({ url: () => undefined }).problems).toEqual([])
  })

  it('need databases of their own', () => {
    const one = () => 'mysql://user:secret@db.example/sluice'
    expect(compile({ url: one }).problems).toEqual([
      'shards.url: expected a database of its own for each shard, found db.example:3306/sluice for 0 and 1',
    ])
  })

  it.each(['postgres://a/b', 'mysql://user:secret@db.example', 'db.example/sluice', ''])(
    'with the URL %j are refused without repeating it',
    (text) => {
      expect(compile({ count: 1, url: () => text }).problems).toEqual([
        'shards.url: expected mysql://user:password@host:port/database for shard 0',
      ])
    },
  )

  it('with limits that can not be kept are refused', () => {
    const { problems } = compile({ count: 1, statementsPerSecond: () => Number.NaN, pullSize: 1.5 })
    expect(problems).toEqual([
      'shards.statementsPerSecond: expected a number from 0 for shard 0, found NaN',
      'shards.pullSize: expected an integer from 1 for shard 0, found 1.5',
    ])
  })
})
