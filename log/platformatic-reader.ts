import { Buffer } from 'node:buffer'
import type { LogMessage, PartitionReader } from '../core/log.ts'
import type { FetchedRecord, PlatformaticFetcher } from './platformatic-fetcher.ts'

export class PlatformaticReader implements PartitionReader {
  readonly #fetcher: PlatformaticFetcher
  readonly #onClose: () => void

  constructor(fetcher: PlatformaticFetcher, onClose: () => void) {
    this.#fetcher = fetcher
    this.#onClose = onClose
  }

  async pull(maxMessages: number, waitMs: number): Promise<readonly LogMessage[]> {
    const records = await this.#fetcher.take(maxMessages, waitMs)
    return records.map(toMessage)
  }

  close(): Promise<void> {
    this.#onClose()
    return this.#fetcher.close()
  }
}

function toMessage({ offset, record }: FetchedRecord): LogMessage {
  const headers: Record<string, string> = {}
  for (const [name, value] of record.headers) headers[String(name)] = value ? value.toString() : ''
  // A record without a value was not written here: its empty bytes are no message, and are kept so.
  const { buffer, byteOffset, byteLength } = record.value ?? Buffer.alloc(0)
  return { offset, headers, bytes: new Uint8Array(buffer, byteOffset, byteLength) }
}
