import { createHash } from 'node:crypto'

/** A key's hash as it stands in the file of API keys. */
export function keyHash(key: string): string {
  return `sha256:${createHash('sha256').update(key).digest('hex')}`
}
