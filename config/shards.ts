import type { ReportProblem } from '../db/types/type-definition.ts'

/** One number for all shards, or one for each. */
export type PerShard = number | ((shard: number) => number)

export interface MysqlShardsOptions {
  /** How many there are. It decides where objects are: it can't be changed once data is there. */
  readonly count: number
  /**
   * `mysql://user:password@host:port/database` of a shard, each its own; undefined where it is not
   * known, which is enough for an API.
   */
  readonly url: (shard: number) => string | undefined
  /** Statements on the shard's tables, per second; 0 is no limit. */
  readonly statementsPerSecond: PerShard
  /** Rows, per second; 0, the default, is no limit. */
  readonly rowsPerSecond?: PerShard
  /** Messages pulled at a time, 10 unless said otherwise. */
  readonly pullSize?: PerShard
}

/** The shards as the config declares them. */
export interface ShardsDefinition {
  readonly kind: 'mysqlShards'
  readonly options: MysqlShardsOptions
}

/** Shards that are MySQL databases, numbered from 0. */
export function mysqlShards(options: MysqlShardsOptions): ShardsDefinition {
  return { kind: 'mysqlShards', options }
}

/** The shards as processes use them. Limits are indexed by shard. */
export interface Shards {
  readonly count: number
  /** Undefined where no URL is known: then only an API can run. */
  readonly urls: readonly (string | undefined)[]
  readonly limits: readonly ShardLimits[]
  /**
   * Names the way objects are placed, for the identity that each database keeps: another number of
   * shards is another map.
   */
  readonly map: string
}

export interface ShardLimits {
  /** Infinity is no limit. */
  readonly statementsPerSecond: number
  /** Infinity is no limit. */
  readonly rowsPerSecond: number
  readonly pullSize: number
}

/** Enough to fill a window, few enough that a takeover reads little twice. */
const defaultPullSize = 10

/** Reports limits that are no numbers to keep to, and URLs that are none or another shard's. */
export function compileShards(options: MysqlShardsOptions, report: ReportProblem): Shards {
  const numbers = Array.from({ length: options.count }, (_, shard) => shard)
  return {
    count: options.count,
    urls: compileUrls(options, numbers, report),
    limits: numbers.map((shard) => compileLimits(options, shard, report)),
    map: `${options.count} shards`,
  }
}

function compileLimits(
  options: MysqlShardsOptions,
  shard: number,
  report: ReportProblem,
): ShardLimits {
  const of = (name: 'statementsPerSecond' | 'rowsPerSecond' | 'pullSize', value: PerShard) =>
    checked(`shards.${name}`, typeof value === 'function' ? value(shard) : value)
  const { statementsPerSecond, rowsPerSecond = 0, pullSize = defaultPullSize } = options
  const limits = {
    statementsPerSecond: of('statementsPerSecond', statementsPerSecond) || Infinity,
    rowsPerSecond: of('rowsPerSecond', rowsPerSecond) || Infinity,
    pullSize: of('pullSize', pullSize),
  }
  if (!Number.isInteger(limits.pullSize) || limits.pullSize < 1) {
    report(
      `shards.pullSize: expected an integer from 1 for shard ${shard}, found ${limits.pullSize}`,
    )
  }
  return limits

  function checked(name: string, value: unknown): number {
    if (typeof value === 'number' && value >= 0) return value
    report(`${name}: expected a number from 0 for shard ${shard}, found ${String(value)}`)
    return 0
  }
}

function compileUrls(
  options: MysqlShardsOptions,
  numbers: readonly number[],
  report: ReportProblem,
): (string | undefined)[] {
  const owners = new Map<string, number>()
  return numbers.map((shard) => {
    const url = options.url(shard)
    if (url === undefined) return undefined
    const place = placeOf(url)
    if (place === undefined) {
      // The URL itself holds a password.
      report(`shards.url: expected mysql://user:password@host:port/database for shard ${shard}`)
      return undefined
    }
    const owner = owners.get(place)
    if (owner !== undefined) {
      report(
        `shards.url: expected a database of its own for each shard, found ${place} for ${owner} and ${shard}`,
      )
    }
    owners.set(place, shard)
    return url
  })
}

/** Host and database of a URL; undefined if it is none of MySQL's. */
function placeOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined
  const { protocol, hostname, port, pathname } = new URL(url)
  const isWhole = protocol === 'mysql:' && hostname !== '' && /^\/[^/]+$/.test(pathname)
  return isWhole ? `${hostname}:${port || '3306'}${pathname}` : undefined
}
