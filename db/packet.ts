import { Buffer } from 'node:buffer'
import { StoreError } from '../core/shard-store.ts'

/** Of a packet, for what is not the rows: the text of a prepared statement, headers. */
export const packetOverheadBytes = 16 * 1024
/** Of UTF-8, and of escapes; only control characters take more. */
const bytesPerCharacter = 3

/** What a statement's rows may have by the core's count, a byte per character. */
export function statementBytes(maxPacketBytes: number): number {
  return Math.max(1, Math.floor((maxPacketBytes - packetOverheadBytes) / bytesPerCharacter))
}

/**
 * Throws `too_large` for what the server would not take. It would hang up, and not always say why:
 * here the connection is still good.
 */
export function checkPacket(
  sql: string,
  values: readonly (string | number | null)[],
  maxPacketBytes: number,
): void {
  if (sql.length + charactersIn(values) < statementBytes(maxPacketBytes)) return
  let parameterBytes = packetOverheadBytes / 4
  for (const value of values) {
    if (typeof value === 'string') parameterBytes += Buffer.byteLength(value)
  }
  const bytes = Math.max(parameterBytes, Buffer.byteLength(sql))
  if (bytes <= maxPacketBytes) return
  throw new StoreError(
    'too_large',
    'PACKET',
    `a statement of ${bytes} bytes is above the server's max_allowed_packet of ${maxPacketBytes}`,
  )
}

function charactersIn(values: readonly (string | number | null)[]): number {
  return values.reduce<number>((sum, value) => sum + String(value).length, 0)
}
