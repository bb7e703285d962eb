import { type SQL, sql } from 'drizzle-orm'
import type { JsonValue } from '../../core/operation.ts'
import type { Row } from '../../core/statement.ts'
import { textOf } from '../sql-text.ts'
import type { DatabaseColumn, DatabaseTable } from '../types/database-type.ts'
import { absentValue, updateValue } from './absent-value.ts'

/** Texts around the rows that are kept, per table and effect: one for each set of columns. */
const maxKeptFrames = 32

/** What an upsert does where the row is there; `isSet` tells which columns the batch sets. */
export type OnDuplicate = (isSet: (column: DatabaseColumn) => boolean) => SQL

/**
 * `INSERT … VALUES` with literals, its rows written right into the text. MySQL spends a fifth less
 * on it than on the same rows unfolded from a JSON parameter, and names the true row in most errors.
 */
export class ValuesInsert {
  readonly #name: string
  readonly #columns: readonly ValuesColumn[]
  readonly #onDuplicate: OnDuplicate | undefined
  readonly #frames = new Map<string, Frame>()

  /** With `onDuplicate` it is an upsert. */
  constructor({ name, columns }: DatabaseTable, onDuplicate?: OnDuplicate) {
    this.#name = name
    this.#columns = columns.map((column) => valuesColumn(column, onDuplicate !== undefined))
    this.#onDuplicate = onDuplicate
  }

  /**
   * The statement for these rows; undefined for an upsert whose rows set different columns, since
   * VALUES has no place to say which. With `marks` each row leaves its place behind, as
   * `JsonTable.mark` does, for when the statement fails at it.
   */
  text(rows: readonly Row[], marks = false): string | undefined {
    // What no row gives is left to MySQL: its default, or what is stored.
    const columns = this.#columns.filter(
      ({ property, make }) => make || rows.some(({ set }) => set[property] !== undefined),
    )
    const isGiven = columns.map(({ property }) => rows[0]!.set[property] !== undefined)
    const { head, tail } = this.#frame(columns, isGiven)
    const isUpsert = this.#onDuplicate !== undefined
    let text = head
    for (let i = 0; i < rows.length; i++) {
      const { set } = rows[i]!
      text += i === 0 ? '(' : ',('
      for (let c = 0; c < columns.length; c++) {
        const { property, literal, make, isAlwaysSet } = columns[c]!
        const value = set[property]
        if (isUpsert && !isAlwaysSet && isGiven[c] !== (value !== undefined)) return undefined
        if (c > 0) text += ','
        const written = value !== undefined ? literal(value) : make ? make() : 'DEFAULT'
        // The key stands first, and always is a literal.
        text += marks && c === 0 ? `IF(LAST_INSERT_ID(${i + 1}), ${written}, NULL)` : written
      }
      text += ')'
    }
    return text + tail
  }

  #frame(columns: readonly ValuesColumn[], isGiven: readonly boolean[]): Frame {
    const key = columns.map(({ column }, c) => `${column.name} ${isGiven[c]}`).join()
    const frame = this.#frames.get(key) ?? this.#makeFrame(columns, isGiven)
    if (this.#frames.size < maxKeptFrames) this.#frames.set(key, frame)
    return frame
  }

  #makeFrame(columns: readonly ValuesColumn[], isGiven: readonly boolean[]): Frame {
    const names = sql.join(
      columns.map(({ column }) => sql.identifier(column.name)),
      sql`, `,
    )
    const head = textOf(sql`INSERT INTO ${sql.identifier(this.#name)} (${names}) VALUES `)
    if (!this.#onDuplicate) return { head, tail: '' }
    const set = new Set(
      columns.filter(({ isAlwaysSet }, c) => isAlwaysSet || isGiven[c]).map(({ column }) => column),
    )
    const assignments = this.#onDuplicate((column) => set.has(column))
    return { head, tail: textOf(sql` AS ${valuesAlias} ON DUPLICATE KEY UPDATE ${assignments}`) }
  }
}

/** The name by which an upsert's assignments know the row that would be inserted. */
export const valuesAlias = sql.identifier('new')

/** What stands around the rows. */
interface Frame {
  readonly head: string
  readonly tail: string
}

interface ValuesColumn {
  readonly column: DatabaseColumn
  readonly property: string
  /** The literal of a canonical value, null included. */
  readonly literal: (value: JsonValue) => string
  /** Makes the literal of an absent value, where the worker is to. */
  readonly make: (() => string) | undefined
  /** Made by the worker on each write: an upsert sets it whether it is given or not. */
  readonly isAlwaysSet: boolean
}

function valuesColumn(column: DatabaseColumn, isUpsert: boolean): ValuesColumn {
  const { property, encode } = column
  const encoded = (value: JsonValue) => (value === null ? 'NULL' : column.literal(value))
  const absent = absentValue(column)
  const onUpdate = isUpsert ? updateValue(column) : undefined
  const make = onUpdate ?? (absent.kind === 'made' ? absent.make : undefined)
  return {
    column,
    property,
    literal: encode ? (value) => encoded(value === null ? null : encode(value)) : encoded,
    make: make && (() => encoded(make())),
    isAlwaysSet: onUpdate !== undefined,
  }
}
