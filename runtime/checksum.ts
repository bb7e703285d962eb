import { crc32 } from 'node:zlib'
import type { Checksum } from '../core/message.ts'

/** CRC-32 by the runtime's own zlib. */
export const checksum: Checksum = (bytes) => crc32(bytes)
