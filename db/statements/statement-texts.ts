import type { SQL } from 'drizzle-orm'
import type { Effect, Row, Statement } from '../../core/statement.ts'
import { textOf } from '../sql-text.ts'
import type { DatabaseTable, DatabaseType } from '../types/database-type.ts'
import { deleteSql } from './delete.ts'
import {
  type EffectPlan,
  type PlannedColumn,
  type PlannedTable,
  planEffect,
  planIdentity,
} from './effect-plan.ts'
import { inspectSql } from './inspect.ts'
import { type ColumnUse, modifySql } from './modify.ts'
import { type EncodedRows, hasSlot } from './row-layout.ts'
import { sparseUpsertSql, uniformUpsert } from './upsert.ts'
import { ValuesInsert } from './values-insert.ts'

/** Column sets of modifies that get a text of their own, per table; the rest share one. */
const maxModifyVariants = 32

/** A text that is whole by itself; or with a JSON parameter, to be prepared. */
export interface Query {
  readonly sql: string
  readonly json?: string
}

/** A statement as MySQL gets it. */
export interface BoundStatement {
  readonly table: PlannedTable
  readonly write: Query
  /** The locking read that tells which keys of the batch exist. */
  inspect(): Required<Query>
}

/** Binds a statement to its text and its rows. Texts and encoded rows are kept for the next. */
export class StatementTexts {
  readonly #plans = new WeakMap<DatabaseType, Map<Effect | 'inspect', EffectPlan>>()
  readonly #tables = new WeakMap<PlannedTable, Map<string, string>>()
  readonly #inserts = new WeakMap<DatabaseTable, ValuesInsert>()
  readonly #bound = new WeakMap<Statement, BoundStatement>()
  /** Statements of several tables share one array of rows. */
  readonly #encoded = new WeakMap<readonly Row[], { plan: EffectPlan; rows: EncodedRows }>()

  /** With `marks` the text is one that leaves a mark at each row; deletes have none. */
  bind(statement: Statement, marks = false): BoundStatement {
    if (marks) return this.#bind(statement, true)
    const known = this.#bound.get(statement)
    if (known) return known
    const bound = this.#bind(statement, false)
    this.#bound.set(statement, bound)
    return bound
  }

  #bind(statement: Statement, marks: boolean): BoundStatement {
    const type = databaseType(statement)
    const { effect, rows } = statement
    const plan = this.#plan(type, effect)
    const table = plan.tables.get(statement.table)
    if (!table) throw new Error(`${type.name}: no ${effect} writes table ${statement.table}`)
    return {
      table,
      write:
        effect === 'create'
          ? { sql: this.#create(type.databaseTables[statement.table]!, rows, marks) }
          : this.#write(plan, table, effect, rows, marks),
      inspect: () => this.#inspect(type, statement.table, rows),
    }
  }

  #inspect(type: DatabaseType, index: number, rows: readonly Row[]): Required<Query> {
    const plan = this.#plan(type, 'inspect')
    const table = plan.tables.get(index)!
    return {
      sql: this.#cached(table, 'inspect', () => inspectSql(table, plan.layout)),
      json: plan.layout.encode(rows).json,
    }
  }

  #plan(type: DatabaseType, use: Effect | 'inspect'): EffectPlan {
    const plans = this.#plans.get(type) ?? new Map<Effect | 'inspect', EffectPlan>()
    this.#plans.set(type, plans)
    const plan = plans.get(use) ?? (use === 'inspect' ? planIdentity(type) : planEffect(type, use))
    plans.set(use, plan)
    return plan
  }

  #encode(plan: EffectPlan, rows: readonly Row[]): EncodedRows {
    const known = this.#encoded.get(rows)
    if (known?.plan === plan) return known.rows
    const encoded = plan.layout.encode(rows)
    this.#encoded.set(rows, { plan, rows: encoded })
    return encoded
  }

  #write(
    plan: EffectPlan,
    table: PlannedTable,
    effect: Exclude<Effect, 'create'>,
    rows: readonly Row[],
    marks: boolean,
  ): Query {
    switch (effect) {
      case 'upsert':
        return this.#upsert(plan, table, rows, marks)
      case 'modify': {
        const encoded = this.#encode(plan, rows)
        return { sql: this.#modify(plan, table, encoded, marks), json: encoded.json }
      }
      case 'delete': {
        const sql = this.#cached(table, 'delete', () => deleteSql(table, plan.layout))
        return { sql, json: this.#encode(plan, rows).json }
      }
      default:
        return effect satisfies never
    }
  }

  #create(table: DatabaseTable, rows: readonly Row[], marks: boolean): string {
    return this.#insert(table, () => new ValuesInsert(table)).text(rows, marks)!
  }

  #upsert(plan: EffectPlan, table: PlannedTable, rows: readonly Row[], marks: boolean): Query {
    if (guardsWhatItSets(table, rows)) {
      const sql = this.#insert(table, () => uniformUpsert(table)).text(rows, marks)
      if (sql !== undefined) return { sql }
    }
    return {
      sql: this.#cached(table, `sparse${marks ? ' marked' : ''}`, () =>
        sparseUpsertSql(table, plan.layout, marks),
      ),
      json: this.#encode(plan, rows).json,
    }
  }

  #modify({ layout }: EffectPlan, table: PlannedTable, rows: EncodedRows, marks: boolean): string {
    const uses = table.values.map((column) => useIn(rows, column))
    const marked = marks ? ' marked' : ''
    const variant = `${uses.map(({ set, add }) => `${set}${add ? '+' : ''}`).join()}${marked}`
    const texts = this.#tables.get(table)
    if (texts && texts.size >= maxModifyVariants && !texts.has(variant)) {
      return this.#cached(table, `any${marked}`, () => modifySql(table, layout, anyUse, marks))
    }
    const useOf = (column: PlannedColumn) => uses[table.values.indexOf(column)]!
    return this.#cached(table, variant, () => modifySql(table, layout, useOf, marks))
  }

  #insert(table: DatabaseTable, make: () => ValuesInsert): ValuesInsert {
    const insert = this.#inserts.get(table) ?? make()
    this.#inserts.set(table, insert)
    return insert
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

/** A merged row may be guarded by a lower version than it sets, for which VALUES has no place. */
function guardsWhatItSets({ guard }: PlannedTable, rows: readonly Row[]): boolean {
  if (!guard) return true
  return rows.every(({ set, guardVersion }) => guardVersion === set[guard.column.property])
}

function useIn(rows: EncodedRows, { slot, addSlot }: PlannedColumn): ColumnUse {
  const set = hasSlot(rows.inAll, slot) ? 'all' : hasSlot(rows.inAny, slot) ? 'some' : 'none'
  return { set, add: addSlot !== undefined && hasSlot(rows.inAny, addSlot) }
}

const anyUse = ({ addSlot }: PlannedColumn): ColumnUse => ({
  set: 'some',
  add: addSlot !== undefined,
})
