import { z } from 'zod'

/**
 * Every environment variable that Sluice reads, with what it must be. The standard OTEL_* ones are
 * OpenTelemetry's own business.
 */

const port = integer(0, 65_535)
const text = z.string()
const path = z.string()
const flag = z.enum(['0', '1']).transform((value) => value === '1')
const topicPrefixPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/
const broker = /^[^\s:,]+:\d{1,5}$/

/** A variable's rule, and its expectation in words. */
interface Variable<T> {
  readonly schema: z.ZodType<T>
  readonly expected: string
}

function variable<T>(schema: z.ZodType<T>, expected: string): Variable<T> {
  return { schema, expected }
}

export const variables = {
  SLUICE_CONFIG: variable(path.default('sluice.config.ts'), 'the path of a TypeScript config'),
  SLUICE_HOST: variable(text.default('127.0.0.1'), 'an address or host name'),
  SLUICE_PORT: variable(port.default(8080), 'a port from 0 to 65535'),
  SLUICE_WORKER_PORT: variable(port.default(0), 'a port from 0 to 65535'),
  SLUICE_MYSQL_URL: variable(
    text.refine(isMysqlServer).optional(),
    'mysql://user:password@host:port, without a database',
  ),
  SLUICE_SHARDS: variable(integer(1, 10_000).default(8), 'an integer from 1 to 10000'),
  SLUICE_STATEMENTS_PER_SECOND: variable(
    decimal(1_000_000).default(50),
    'a number from 0 (no limit) to 1000000',
  ),
  SLUICE_KAFKA_BROKERS: variable(
    text
      .transform((list) => list.split(',').map((item) => item.trim()))
      .refine((list) => list.every((item) => broker.test(item)))
      .optional(),
    'host:port, several separated by commas',
  ),
  SLUICE_KAFKA_CLIENT: variable(
    z.enum(['confluent', 'platformatic']).optional(),
    'confluent or platformatic',
  ),
  SLUICE_KAFKA_TLS_CA: variable(path.optional(), 'the path of a PEM file'),
  SLUICE_KAFKA_SASL_MECHANISM: variable(
    z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']).optional(),
    'PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512',
  ),
  SLUICE_KAFKA_SASL_USERNAME: variable(text.optional(), 'a user name'),
  SLUICE_KAFKA_SASL_PASSWORD_FILE: variable(path.optional(), 'the path of a file'),
  SLUICE_TOPIC_PREFIX: variable(
    text.regex(topicPrefixPattern).default('sluice'),
    'at most 100 letters, digits, dots, dashes and underscores',
  ),
  SLUICE_DATA_DIR: variable(path.default('.sluice'), 'the path of a folder'),
  SLUICE_API_KEYS: variable(path.optional(), 'the path of a file'),
  SLUICE_RECEIPT_KEYS: variable(path.optional(), 'the path of a file'),
  SLUICE_ALERT_URL: variable(z.url({ protocol: /^https?$/ }).optional(), 'an http or https URL'),
  SLUICE_NO_SYSTEM_PACKAGES: variable(flag.default(false), '0 or 1'),
} as const satisfies Readonly<Record<string, Variable<unknown>>>

export type VariableName = keyof typeof variables
export type VariableValues = {
  readonly [Name in VariableName]: z.infer<(typeof variables)[Name]['schema']>
}

function isMysqlServer(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, hostname, pathname } = new URL(value)
  return protocol === 'mysql:' && hostname !== '' && (pathname === '' || pathname === '/')
}

function integer(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max))
}

function decimal(max: number) {
  return z
    .string()
    .regex(/^\d{1,15}(?:\.\d{1,15})?$/)
    .transform(Number)
    .pipe(z.number().max(max))
}
