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
  const reason = reasonOf(cause)
  const help = securityHelp.find(([pattern]) => pattern.test(reason))?.[1]
  const message = `Kafka at ${brokers.join(', ')} does not answer: ${reason}`
  const whole = help ? `${message.replace(/\.$/, '')}. ${help}` : message
  return new LogError('unreachable', whole, { cause })
}

/**
 * What to do about brokers that let nobody in, by what each runtime and the client call it. A broker
 * that wants a password of a client that offers none only closes the connection.
 */
const securityHelp: readonly (readonly [RegExp, string])[] = [
  [
    /SASL authentication failed/i,
    'Check SLUICE_KAFKA_SASL_USERNAME, the password in SLUICE_KAFKA_SASL_PASSWORD_FILE, and SLUICE_KAFKA_SASL_MECHANISM',
  ],
  [
    /certificate|UnknownIssuer|UnknownCA|CERT_|ISSUER/i,
    "SLUICE_KAFKA_TLS_CA must name the authorities that the brokers' certificates come from, and SLUICE_KAFKA_BROKERS the hosts that these are for",
  ],
  [/requires TLS/i, 'Set SLUICE_KAFKA_TLS_CA'],
  [
    /TLS handshake failed/i,
    'If this is no port for TLS, unset SLUICE_KAFKA_TLS_CA, or set SLUICE_KAFKA_BROKERS to one that is',
  ],
  [
    /Connection closed/i,
    'Where it runs, it may want a password: set SLUICE_KAFKA_SASL_MECHANISM, _USERNAME and _PASSWORD_FILE',
  ],
]

/** A batch that a topic refuses for its size; of several messages each is then tried with fewer. */
export function tooLarge(bytes: number): Error {
  return new Error(
    `a message of ${bytes} bytes is above the topic's limit: raise its max.message.bytes again`,
  )
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
