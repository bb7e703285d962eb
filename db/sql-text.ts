import type { SQL } from 'drizzle-orm'
import { MySqlDialect } from 'drizzle-orm/mysql-core'

const dialect = new MySqlDialect()

/** The text of a query whose parameters are placeholders, given anew with each run. */
export function textOf(query: SQL): string {
  return dialect.sqlToQuery(query).sql
}
