import { createHash } from 'node:crypto'
import type { NewDigest } from '../core/digest.ts'

/** SHA-256 by the runtime's own crypto, which unlike WebCrypto takes a body piece by piece. */
export const newDigest: NewDigest = () => {
  const hash = createHash('sha256')
  return {
    update: (bytes) => {
      hash.update(bytes)
    },
    finish: () => hash.digest('base64url'),
  }
}
