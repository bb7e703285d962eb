import { originOf, sourcesOf } from '../consumer/message-sources.ts'
import type { LogMessage } from '../core/log.ts'
import { decodeMessage } from '../core/message.ts'
import type { RepairContext } from './repair-context.ts'

/** What a worker of this config would make of a message. */
export interface MessageView {
  /** Why no worker of this config can apply it; undefined if one can. */
  readonly unreadable: string | undefined
  /** Whose operations they are, and which; undefined where nobody can tell. */
  readonly counted: CountedMessage | undefined
}

export interface CountedMessage {
  readonly job: string
  /** The operations' indexes in their job. */
  readonly indexes: readonly number[]
  /** Whether a copy is dropped: of a request with an Idempotency-Key, or a retry. */
  readonly isOnce: boolean
}

export function lookAtMessage(
  message: LogMessage,
  { types, checksum }: Pick<RepairContext, 'types' | 'checksum'>,
): MessageView {
  const decoded = decodeMessage(message.bytes, checksum)
  switch (decoded.kind) {
    case 'corrupt':
      return { unreadable: decoded.reason, counted: undefined }
    case 'unknown':
      return { unreadable: `it has ${decoded.what}`, counted: undefined }
    case 'message': {
      const { job: written, tenant, operations } = decoded.message
      const origin = originOf(written, tenant, message.headers)
      if (typeof origin === 'string') {
        return { unreadable: `it has ${origin}`, counted: undefined }
      }
      const sources = sourcesOf(message, decoded.message, types, 0)
      const { job, keyed, retryOf } = origin
      return {
        unreadable: typeof sources === 'string' ? `it has ${sources}` : undefined,
        counted: {
          job,
          indexes: operations.map(({ index }) => index),
          isOnce: keyed !== undefined || retryOf !== undefined,
        },
      }
    }
    default:
      return decoded satisfies never
  }
}
