import type { SQL } from 'drizzle-orm'
import type { Effect, Row, Statement } from '../../core/statement.ts'
import { textOf } from '../sql-text.ts'
import type { DatabaseType } from '../types/database-type.ts'
import { deleteSql } from './delete.ts'
import {
  type EffectPlan,
  type PlannedColumn,
  type PlannedTable,
  planEffect,
} from './effect-plan.ts'
import { createSql, upsertSql } from './insert.ts'
import { inspectSql } from './inspect.ts'
import { type ColumnUse, modifySql } from './modify.ts'
import { type EncodedRows, hasSlot } from './row-layout.ts'

/** Column sets of modifies that get a text of their own, per table; the rest share one. */
const maxModifyVariants = 32

/** A statement as MySQL gets it: a text made once, and its one parameter. */
export interface BoundStatement {
  readonly table: PlannedTable
  readonly sql: string
  readonly json: string
  /** The locking read that tells which keys of the batch exist. */
  readonly inspectSql: string
}

/** Binds a statement to its text and parameter. Texts and encoded rows are kept for the next. */
export class StatementTexts {
  readonly #plans = new WeakMap<DatabaseType, Map<Effect, EffectPlan>>()
  readonly #tables = new WeakMap<PlannedTable, Map<string, string>>()
  /** Statements of several tables share one array of rows. */
  readonly #encoded = new WeakMap<readonly Row[], { plan: EffectPlan; rows: EncodedRows }>()

  bind(statement: Statement): BoundStatement {
    const type = databaseType(statement)
    const plan = this.#plan(type, statement.effect)
    const table = plan.tables.get(statement.table)
    if (!table) {
      throw new Error(`${type.name}: no ${statement.effect} writes table ${statement.table}`)
    }
    const rows = this.#encode(plan, statement.rows)
    return {
      table,
      sql: this.#text(plan, table, statement.effect, rows),
      json: rows.json,
      inspectSql: this.#cached(table, 'inspect', () => inspectSql(table, plan.layout)),
    }
  }

  #plan(type: DatabaseType, effect: Effect): EffectPlan {
    const plans = this.#plans.get(type) ?? new Map<Effect, EffectPlan>()
    this.#plans.set(type, plans)
    const plan = plans.get(effect) ?? planEffect(type, effect)
    plans.set(effect, plan)
    return plan
  }

  #encode(plan: EffectPlan, rows: readonly Row[]): EncodedRows {
    const known = this.#encoded.get(rows)
    if (known?.plan === plan) return known.rows
    const encoded = plan.layout.encode(rows)
    this.#encoded.set(rows, { plan, rows: encoded })
    return encoded
  }

  #text(plan: EffectPlan, table: PlannedTable, effect: Effect, rows: EncodedRows): string {
    const { layout } = plan
    switch (effect) {
      case 'create': {
        const expressions = table.values.filter(({ defaultExpression }) => defaultExpression)
        const variant = allGiven(expressions, rows) ? 'plain' : 'sparse'
        return this.#cached(table, variant, () => createSql(table, layout, variant))
      }
      case 'upsert': {
        const variant = allGiven(table.values, rows) ? 'plain' : 'sparse'
        return this.#cached(table, variant, () => upsertSql(table, layout, variant))
      }
      case 'modify':
        return this.#modify(plan, table, rows)
      case 'delete':
        return this.#cached(table, 'delete', () => deleteSql(table, layout))
      default:
        return effect satisfies never
    }
  }

  #modify({ layout }: EffectPlan, table: PlannedTable, rows: EncodedRows): string {
    const uses = table.values.map((column) => useIn(rows, column))
    const variant = uses.map(({ set, add }) => `${set}${add ? '+' : ''}`).join()
    const texts = this.#tables.get(table)
    if (texts && texts.size >= maxModifyVariants && !texts.has(variant)) {
      return this.#cached(table, 'any', () => modifySql(table, layout, anyUse))
    }
    const useOf = (column: PlannedColumn) => uses[table.values.indexOf(column)]!
    return this.#cached(table, variant, () => modifySql(table, layout, useOf))
  }

  #cached(table: PlannedTable, variant: string, make: () => SQL): string {
    const texts = this.#tables.get(table) ?? new Map<string, string>()
    this.#tables.set(table, texts)
    const text = texts.get(variant) ?? textOf(make())
    texts.set(variant, text)
    return text
  }
}

function databaseType({ type }: Statement): DatabaseType {
  if ('databaseTables' in type) return type as DatabaseType
  throw new Error(`type ${type.name} was not compiled from tables`)
}

function allGiven(columns: readonly PlannedColumn[], rows: EncodedRows): boolean {
  return columns.every(({ slot }) => hasSlot(rows.inAll, slot))
}

function useIn(rows: EncodedRows, { slot, addSlot }: PlannedColumn): ColumnUse {
  const set = hasSlot(rows.inAll, slot) ? 'all' : hasSlot(rows.inAny, slot) ? 'some' : 'none'
  return { set, add: addSlot !== undefined && hasSlot(rows.inAny, addSlot) }
}

const anyUse = ({ addSlot }: PlannedColumn): ColumnUse => ({
  set: 'some',
  add: addSlot !== undefined,
})
