import type { ShardConnection } from './shard-connection.ts'

/** A table as it is in MySQL. */
export interface LiveTable {
  readonly engine: string
  readonly columns: ReadonlyMap<string, LiveColumn>
  readonly uniques: readonly LiveUnique[]
  readonly foreignKeys: readonly LiveForeignKey[]
  readonly checks: readonly LiveCheck[]
  readonly triggers: readonly LiveTrigger[]
}

export interface LiveColumn {
  readonly name: string
  /** `decimal(20,5) unsigned`. */
  readonly type: string
  /** Undefined where the type has none. */
  readonly charset: string | undefined
  readonly collation: string | undefined
  readonly isNullable: boolean
  /** As MySQL shows it; undefined where there is none. */
  readonly default: string | undefined
  /** `auto_increment`, `DEFAULT_GENERATED`, `on update CURRENT_TIMESTAMP`, `STORED GENERATED`. */
  readonly extra: string
  /** What a generated column is computed from. */
  readonly generated: string | undefined
}

/** A unique index. A part is a whole column, the beginning of one, or an expression. */
export interface LiveUnique {
  readonly name: string
  readonly parts: readonly {
    readonly column: string | undefined
    readonly isWhole: boolean
    readonly expression: string | undefined
  }[]
}

export interface LiveForeignKey {
  readonly name: string
  readonly columns: readonly string[]
  readonly parent: string
  /** Whether MySQL changes or deletes this table's rows by itself when the parent's go or change. */
  readonly cascades: boolean
}

export interface LiveCheck {
  readonly name: string
  readonly clause: string
}

export interface LiveTrigger {
  readonly name: string
  readonly statement: string
}

/**
 * The tables of the connection's database by name, as far as its account may see them: constraints of
 * tables that it has no privilege on, and triggers without TRIGGER, are hidden. Rejects as `read` does.
 */
export async function readLiveTables(
  connection: ShardConnection,
): Promise<ReadonlyMap<string, LiveTable>> {
  const byTable = async (select: string) => {
    const rows = (await connection.read(select)).map(asTexts)
    const tables = Map.groupBy(rows, ({ table }) => table!)
    return (name: string) => tables.get(name) ?? []
  }
  const tables = (await connection.read(selectTables)).map(asTexts)
  const columns = await byTable(selectColumns)
  const uniques = await byTable(selectUniques)
  const foreignKeys = await byTable(selectForeignKeys)
  const checks = await byTable(selectChecks)
  const triggers = await byTable(selectTriggers)
  return new Map(
    tables.map(({ table, engine }): [string, LiveTable] => [
      table!,
      {
        engine: engine!,
        columns: new Map(columns(table!).map((row) => [row.name!, toColumn(row)])),
        uniques: named(uniques(table!)).map(([name, parts]) => ({
          name,
          parts: parts.map(toPart),
        })),
        foreignKeys: named(foreignKeys(table!)).map(toForeignKey),
        checks: checks(table!).map(({ name, clause }) => ({ name: name!, clause: clause! })),
        triggers: triggers(table!).map(({ name, body }) => ({ name: name!, statement: body! })),
      },
    ]),
  )
}

/** The columns of one table by name, as far as the account may see them; empty if it is missing. */
export async function readLiveColumns(
  connection: ShardConnection,
  table: string,
): Promise<ReadonlyMap<string, LiveColumn>> {
  const rows = (await connection.read(selectColumnsOf, [table])).map(asTexts)
  return new Map(rows.map((row) => [row.name!, toColumn(row)]))
}

type TextRow = Readonly<Record<string, string | undefined>>

function asTexts(row: Readonly<Record<string, unknown>>): TextRow {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value == null ? undefined : String(value)]),
  )
}

function named(rows: readonly TextRow[]): [name: string, rows: readonly TextRow[]][] {
  return [...Map.groupBy(rows, ({ name }) => name!)]
}

function toColumn(row: TextRow): LiveColumn {
  return {
    name: row.name!,
    type: row.type!,
    charset: row.charset,
    collation: row.collation,
    isNullable: row.nullable === 'YES',
    default: row.fallback,
    extra: row.extra!,
    generated: row.generated || undefined,
  }
}

function toPart({ column, part, expression }: TextRow): LiveUnique['parts'][number] {
  return { column, isWhole: column !== undefined && part === undefined, expression }
}

function toForeignKey([name, rows]: [string, readonly TextRow[]]): LiveForeignKey {
  const [{ parent, on_delete: onDelete, on_update: onUpdate }] = rows as [TextRow]
  return {
    name,
    columns: rows.map(({ column }) => column!),
    parent: parent!,
    cascades: [onDelete, onUpdate].some((rule) => rule !== 'NO ACTION' && rule !== 'RESTRICT'),
  }
}

const selectTables = `SELECT table_name AS \`table\`, engine AS engine FROM information_schema.tables
  WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'`

const columnsOfDatabase = `SELECT table_name AS \`table\`, column_name AS name, column_type AS type,
    character_set_name AS charset, collation_name AS collation, is_nullable AS nullable,
    column_default AS fallback, extra AS extra, generation_expression AS \`generated\`
  FROM information_schema.columns WHERE table_schema = DATABASE()`
const selectColumns = `${columnsOfDatabase} ORDER BY ordinal_position`
const selectColumnsOf = `${columnsOfDatabase} AND table_name = ?`

const selectUniques = `SELECT table_name AS \`table\`, index_name AS name, column_name AS \`column\`,
    sub_part AS part, expression AS expression
  FROM information_schema.statistics
  WHERE table_schema = DATABASE() AND non_unique = 0
  ORDER BY table_name, index_name, seq_in_index`

const selectForeignKeys = `SELECT u.table_name AS \`table\`, u.constraint_name AS name,
    u.column_name AS \`column\`, u.referenced_table_name AS parent,
    r.delete_rule AS on_delete, r.update_rule AS on_update
  FROM information_schema.key_column_usage u
  JOIN information_schema.referential_constraints r
    ON r.constraint_schema = u.constraint_schema AND r.constraint_name = u.constraint_name
  WHERE u.table_schema = DATABASE() AND u.referenced_table_schema = DATABASE()
  ORDER BY u.table_name, u.constraint_name, u.ordinal_position`

const selectChecks = `SELECT t.table_name AS \`table\`, t.constraint_name AS name,
    c.check_clause AS clause
  FROM information_schema.table_constraints t
  JOIN information_schema.check_constraints c
    ON c.constraint_schema = t.constraint_schema AND c.constraint_name = t.constraint_name
  WHERE t.table_schema = DATABASE() AND t.enforced = 'YES'`

const selectTriggers = `SELECT event_object_table AS \`table\`, trigger_name AS name,
    action_statement AS body
  FROM information_schema.triggers WHERE event_object_schema = DATABASE()`
