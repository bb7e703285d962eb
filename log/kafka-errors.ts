import { findErrorBy, type MultipleErrors, ResponseError } from '@platformatic/kafka'
import { LogError } from '../core/log.ts'

/** Whether some error inside `error` is a broker's answer of one of these names. */
export function isAnswer(error: unknown, name: string): boolean {
  return findErrorBy(error as Error, 'apiId', name) !== null
}

/** The whole response of a broker that answered some part with an error; other errors go on. */
export function responseOf<Response>(error: unknown): Response {
  if (error instanceof ResponseError && 'response' in error) return error.response as Response
  throw error
}

export function unreachable(brokers: readonly string[], cause: unknown): LogError {
  const message = `Kafka at ${brokers.join(', ')} does not answer: ${reasonOf(cause)}`
  return new LogError('unreachable', message, { cause })
}

/** The innermost messages: what stands around them only counts the attempts. */
export function reasonOf(error: unknown): string {
  return [...new Set(leaves(error))].join('; ')
}

function leaves(error: unknown): string[] {
  const { errors, cause, message } = error as MultipleErrors
  if (errors?.length) return errors.flatMap(leaves)
  if (!cause) return [message]
  // Node's error for a connection refused on several addresses has a code and no message, Bun's has
  // both, apart.
  const { message: inner, code } = cause as Error & { code?: string }
  const shown = !code || inner.includes(code) ? inner : `${code} ${inner}`.trimEnd()
  return [`${message.replace(/\.$/, '')} (${shown})`]
}
