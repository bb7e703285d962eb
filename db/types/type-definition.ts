import type { MySqlTable } from 'drizzle-orm/mysql-core'
import type { OperationKind } from '../../core/operation.ts'
import type { ShardRoute } from './shard-route.ts'

/** An object type as the config declares it, defaults filled in. */
export interface TypeDefinition {
  readonly name: string
  readonly shardBy: ShardRoute
  readonly key: readonly string[]
  readonly tables: readonly TableDefinition[]
  readonly rowsPerStatement: Readonly<Record<OperationKind, number>>
  readonly ordered: boolean
  readonly version?: string
}

export interface TableDefinition {
  readonly table: MySqlTable
  /** From the table's own property names to the type's; what it leaves out keeps its name. */
  readonly map: Readonly<Record<string, string>>
  readonly on: readonly OperationKind[]
}

/** Collects contradictions, so that a start names all of them at once. */
export type ReportProblem = (message: string) => void
