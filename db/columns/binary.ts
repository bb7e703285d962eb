import { Buffer } from 'node:buffer'
import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'
import type { ColumnCodec } from './column.ts'
import { bytesLiteral } from './literal.ts'
import { compareBase64 } from './order.ts'
import type { SqlType } from './sql-type.ts'

const blobBytes: Readonly<Record<string, number>> = {
  tinyblob: 255,
  blob: 65_535,
  mediumblob: 16_777_215,
  longblob: 4_294_967_295,
}

/** BINARY, VARBINARY and BLOBs: base64 on the wire and in the parameter. */
export function binaryCodec(type: SqlType): ColumnCodec {
  const max = blobBytes[type.name] ?? type.sizes[0] ?? 1
  const paddedBytes = type.name === 'binary' ? max : 0
  const codec: ColumnCodec = {
    expected: `binary of at most ${max} bytes as base64 (RFC 4648, padded)`,
    accept(value) {
      if (typeof value !== 'string' || value.length > base64Length(max)) return undefined
      const bytes = Buffer.from(value, 'base64')
      // The decoder skips what is not base64, and bits that say nothing: only its own text is exact.
      if (bytes.length > max || bytes.toString('base64') !== value) return undefined
      return bytes.length < paddedBytes ? padded(bytes, paddedBytes) : value
    },
    explain(value) {
      if (typeof value !== 'string') return undefined
      const bytes = Buffer.from(value, 'base64')
      if (bytes.toString('base64') !== value) return 'must be base64 (RFC 4648, padded)'
      return `has ${bytes.length} bytes, at most ${max} fit`
    },
    form: paddedBytes > 0 ? `base64 of ${paddedBytes} bytes` : 'base64',
    jsonType: base64Length(max) <= 65_535 ? 'TEXT' : 'LONGTEXT',
    fromJson: fromBase64,
    literal: bytesLiteral,
  }
  // No index holds a BLOB whole.
  return type.name in blobBytes ? codec : { ...codec, compare: compareBase64 }
}

function fromBase64(value: SQL): SQL {
  return sql`FROM_BASE64(${value})`
}

function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4
}

/** BINARY(n) fills up with zero bytes; a key must match what is stored. */
function padded(bytes: Buffer, length: number): string {
  const whole = Buffer.alloc(length)
  bytes.copy(whole)
  return whole.toString('base64')
}
