import type { ColumnCodec } from './column.ts'
import { booleanLiteral } from './literal.ts'

/** BOOLEAN, which is TINYINT(1): true or false. */
export function booleanCodec(): ColumnCodec {
  return {
    expected: 'true or false',
    accept: (value) => (typeof value === 'boolean' ? value : undefined),
    form: 'boolean',
    jsonType: 'BOOLEAN',
    literal: booleanLiteral,
  }
}
