import { escape as quote } from 'mysql2'
import type { Operation } from '../../core/operation.ts'

/** Operations to drain, and the same work as a plain client would prepare it ahead. */
export interface Workload {
  readonly name: string
  /** The tables that it writes, which are the same after either. */
  readonly tables: readonly string[]
  /** Operations that one of the prepared statements stands for. */
  readonly batch: number
  /** Statements that fill the tables beforehand, for operations `from` to `to` of a shard; not timed. */
  seed?(from: number, to: number, shard: number): string[]
  /** The `i`th operation of a shard. */
  operation(i: number, shard: number): Omit<Operation, 'index'>
  /** One transaction: what operations `from` to `to` of a shard do. */
  prebuilt(from: number, to: number, shard: number): string[]
}

type SqlValue = string | number | null

/** `(1,'a'),(2,'b')`: rows of an INSERT as mysql2 quotes them; numbers come as numbers. */
export function tuples(from: number, to: number, row: (i: number) => readonly SqlValue[]): string {
  const texts: string[] = []
  for (let i = from; i < to; i++) texts.push(`(${row(i).map(literal).join()})`)
  return texts.join()
}

function literal(value: SqlValue): string {
  return typeof value === 'number' ? String(value) : quote(value)
}

/** Scatters neighbours, the same way in each run. */
export function scattered(i: number): number {
  return (Math.imul(i + 1, 0x9e3779b1) >>> 0) % 1_000_003
}

/** A user of the given shard among two of them, so that a workload serves one shard and two. */
export function userOf(i: number, shard: number): number {
  return scattered(i) * 2 + shard
}

export const createdAt = '2026-11-23T03:04:05.123Z'
export const createdAtSql = '2026-11-23 03:04:05.123'
