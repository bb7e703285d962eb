import { type SQL, sql } from 'drizzle-orm'
import { statementBytes } from './packet.ts'

/** Rows of Sluice's own as JSON arrays, each of a size that the server takes; a row is never cut. */
export function* jsonParts(rows: readonly unknown[], maxPacketBytes: number): Generator<string> {
  const most = statementBytes(maxPacketBytes)
  let part: string[] = []
  let characters = 0
  for (const row of rows) {
    const text = JSON.stringify(row)
    if (part.length > 0 && characters + text.length > most) {
      yield `[${part.join()}]`
      part = []
      characters = 0
    }
    part.push(text)
    characters += text.length + 1
  }
  if (part.length > 0) yield `[${part.join()}]`
}

/** Such an array, the statement's parameter, as the derived table `new`. */
export function jsonRows(columns: string): SQL {
  return sql`JSON_TABLE(${sql.placeholder('rows')}, '$[*]' COLUMNS (${sql.raw(columns)})) AS ${sql.identifier('new')}`
}

export function columnNames(...columns: readonly { readonly name: string }[]): SQL {
  return sql.join(
    columns.map(({ name }) => sql.identifier(name)),
    sql`, `,
  )
}
