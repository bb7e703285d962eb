import type { OffsetsRow } from './shard-state.ts'

type Cell = string | number | null

/** What an UPDATE's expressions may use besides its parameters. */
export interface SessionValues {
  readonly connectionId: string
  readonly serverUuid: string
  readonly nowMs: number
}

/**
 * Reads the statements on sluice_offsets as they are sent, so that a condition that is missing in the
 * text is missing in the model.
 */
export interface OffsetsQuery {
  readonly kind: 'select' | 'select for update' | 'select for update nowait' | 'update'
  matches(row: OffsetsRow): boolean
  /** The columns asked for; of an UPDATE the row as it is after. */
  result(row: OffsetsRow, session: SessionValues): OffsetsRow
}

const selectForm = /^SELECT (.+) FROM `sluice_offsets` WHERE (.+?)( FOR UPDATE(?: NOWAIT)?)?$/
const updateForm = /^UPDATE `sluice_offsets` SET (.+) WHERE (.+)$/
const timeColumn = /^CAST\(UNIX_TIMESTAMP\(.*`updated_at`\) \* 1000 AS UNSIGNED\) AS ms$/

const lockingKinds: Readonly<Record<string, OffsetsQuery['kind']>> = {
  ' FOR UPDATE': 'select for update',
  ' FOR UPDATE NOWAIT': 'select for update nowait',
}

/** Undefined if the text is about something else. */
export function readOffsetsQuery(sql: string, values: readonly Cell[]): OffsetsQuery | undefined {
  const select = selectForm.exec(sql)
  if (select) {
    const columns = partsOf(select[1]!)
    return {
      kind: lockingKinds[select[3] ?? ''] ?? 'select',
      matches: condition(select[2]!, values),
      result: (row) => Object.fromEntries(columns.map((column) => selected(column, row))),
    }
  }
  const update = updateForm.exec(sql)
  if (!update) return undefined
  const assignments = partsOf(update[1]!).map((text) => text.split(/ = (.*)/s) as [string, string])
  const used = assignments.filter(([, expression]) => expression === '?').length
  return {
    kind: 'update',
    matches: condition(update[2]!, values.slice(used)),
    result(row, session) {
      const given = values.slice(0, used)
      const set = assignments.map(([column, expression]) => [
        columnName(column),
        expression === '?' ? given.shift()! : evaluated(expression, row, session),
      ])
      return { ...row, ...Object.fromEntries(set) }
    },
  }
}

function condition(text: string, values: readonly Cell[]): (row: OffsetsRow) => boolean {
  const columns = text.split(' AND ').map((part) => {
    if (!part.endsWith(' = ?')) throw unknownSql(part)
    return columnName(part.slice(0, -' = ?'.length))
  })
  return (row) => columns.every((column, i) => String(row[column]) === String(values[i]))
}

function selected(column: string, row: OffsetsRow): [string, Cell] {
  if (timeColumn.test(column)) return ['ms', row.updated_at!]
  const name = columnName(column)
  return [name, row[name] ?? null]
}

function evaluated(expression: string, row: OffsetsRow, session: SessionValues): Cell {
  if (expression === 'CONNECTION_ID()') return session.connectionId
  if (expression === '@@server_uuid') return session.serverUuid
  if (expression.startsWith('GREATEST(UTC_TIMESTAMP(3), ')) {
    return Math.max(session.nowMs, Number(row.updated_at) + 1)
  }
  throw unknownSql(expression)
}

/** Split at the commas that stand in no parentheses. */
function partsOf(list: string): string[] {
  return list.split(/, (?![^(]*\))/)
}

function columnName(text: string): string {
  const name = /^(?:`sluice_offsets`\.)?`(\w+)`$/.exec(text)?.[1]
  if (name === undefined) throw unknownSql(text)
  return name
}

function unknownSql(text: string): Error {
  return new Error(`the model of MySQL does not know: ${text}`)
}
