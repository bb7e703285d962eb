import type { JsonValue, WireObject } from '../core/operation.ts'
import type { DemoOperation } from './script.ts'

type DemoRow = Record<string, JsonValue>

/** The highest value of the column `saves`, an unsigned INT. */
const mostSaves = 2 ** 32 - 1

/** What the rows and failures must be, by applying one operation after the other. */
export class DemoModel {
  /** Rows by type and id. */
  readonly rows = {
    user: new Map<string, DemoRow>(),
    board: new Map<string, DemoRow>(),
    pin: new Map<string, DemoRow>(),
  }
  operations = 0
  failed = 0

  /** The failure's code, or undefined if the operation applies. */
  apply({ type, op, object, by }: DemoOperation): string | undefined {
    const rows = this.rows[type]
    const id = String(object.id)
    const row = rows.get(id)
    const failure = this.#apply(rows, id, row, op, object, by)
    this.operations++
    if (failure) this.failed++
    return failure
  }

  #apply(
    rows: Map<string, DemoRow>,
    id: string,
    row: DemoRow | undefined,
    op: DemoOperation['op'],
    object: WireObject,
    by: WireObject | undefined,
  ): string | undefined {
    switch (op) {
      case 'create':
        if (row) return 'already_exists'
        rows.set(id, { ...object })
        return undefined
      case 'upsert':
        rows.set(id, { ...row, ...object })
        return undefined
      case 'update':
        if (!row) return 'not_found'
        Object.assign(row, object)
        return undefined
      case 'increment': {
        if (!row) return 'not_found'
        const saves = Number(row.saves ?? 0) + Number(by?.saves)
        if (saves < 0 || saves > mostSaves) return 'out_of_range'
        row.saves = saves
        return undefined
      }
      case 'delete':
        rows.delete(id)
        return undefined
      default:
        return op satisfies never
    }
  }
}
