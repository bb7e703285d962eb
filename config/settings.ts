import { ConfigError } from './config-error.ts'
import type { VariableName, VariableValues } from './environment.ts'
import { variables } from './environment.ts'
import { nearestName } from './nearest-name.ts'

/** What the environment says. Paths are as given, relative to where the process was started. */
export interface Settings {
  readonly configFile: string
  readonly host: string
  readonly port: number
  readonly workerPort: number
  /** The server of the default config's shards, without a database; holds a password. */
  readonly mysqlUrl: string | undefined
  readonly shards: number
  /** 0 is no limit. */
  readonly statementsPerSecond: number
  /** Undefined is the embedded log. */
  readonly kafka: KafkaSettings | undefined
  readonly topicPrefix: string
  readonly dataDir: string
  readonly apiKeysFile: string | undefined
  readonly receiptKeysFile: string | undefined
  readonly alertUrl: string | undefined
  /** Whether OTEL_* names somewhere to send telemetry. */
  readonly exportsTelemetry: boolean
  /** False where Debian packages must not be installed. */
  readonly maySystemInstall: boolean
}

export interface KafkaSettings {
  readonly brokers: readonly string[]
  /** Undefined is what suits the runtime. */
  readonly client: 'confluent' | 'platformatic' | undefined
  /** A PEM file with the authorities that the brokers' certificates come from. */
  readonly tlsCaFile: string | undefined
  readonly sasl: SaslSettings | undefined
}

export interface SaslSettings {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly username: string
  readonly passwordFile: string
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the SLUICE_* variables; one that is empty counts as unset. Throws a `ConfigError` that names
 * every unknown variable and every bad value.
 */
export function readSettings(environment: Environment): Settings {
  const problems = unknownVariables(environment)
  const values = readValues(environment, problems)
  const kafka = kafkaSettings(values, problems)
  if (problems.length > 0) throw new ConfigError('environment', problems)
  return {
    configFile: values.SLUICE_CONFIG,
    host: values.SLUICE_HOST,
    port: values.SLUICE_PORT,
    workerPort: values.SLUICE_WORKER_PORT,
    mysqlUrl: values.SLUICE_MYSQL_URL,
    shards: values.SLUICE_SHARDS,
    statementsPerSecond: values.SLUICE_STATEMENTS_PER_SECOND,
    kafka,
    topicPrefix: values.SLUICE_TOPIC_PREFIX,
    dataDir: values.SLUICE_DATA_DIR,
    apiKeysFile: values.SLUICE_API_KEYS,
    receiptKeysFile: values.SLUICE_RECEIPT_KEYS,
    alertUrl: values.SLUICE_ALERT_URL,
    exportsTelemetry: exportsTelemetry(environment),
    maySystemInstall: !values.SLUICE_NO_SYSTEM_PACKAGES,
  }
}

/** Without any of these OpenTelemetry would send to a collector on this machine: no export, here. */
function exportsTelemetry(environment: Environment): boolean {
  if (environment.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return false
  return Object.entries(environment).some(
    ([name, value]) => /^OTEL_(EXPORTER_|CONFIG_FILE|\w+_EXPORTER$)/.test(name) && value,
  )
}

function unknownVariables(environment: Environment): string[] {
  const known = Object.keys(variables)
  return Object.keys(environment)
    .filter((name) => name.startsWith('SLUICE_') && !Object.hasOwn(variables, name))
    .map((name) => {
      const nearest = nearestName(name, known)
      return `${name} is unknown${nearest ? `: did you mean ${nearest}?` : `, known are ${known.join(', ')}`}`
    })
}

/** These hold, or may hold, a password: a bad value is not repeated. */
const secret: ReadonlySet<string> = new Set<VariableName>(['SLUICE_MYSQL_URL', 'SLUICE_ALERT_URL'])

function readValues(environment: Environment, problems: string[]): VariableValues {
  const entries = Object.entries(variables).map(([name, { schema, expected }]) => {
    const given = environment[name]?.trim() || undefined
    const read = schema.safeParse(given)
    if (!read.success) {
      const found = secret.has(name) ? 'another value' : JSON.stringify(given)
      problems.push(`${name} is ${found}, expected ${expected}`)
    }
    return [name, read.data]
  })
  return Object.fromEntries(entries) as VariableValues
}

function kafkaSettings(values: VariableValues, problems: string[]): KafkaSettings | undefined {
  const sasl = saslSettings(values, problems)
  const { SLUICE_KAFKA_BROKERS: brokers, SLUICE_KAFKA_TLS_CA: tlsCaFile } = values
  if (brokers) return { brokers, client: values.SLUICE_KAFKA_CLIENT, tlsCaFile, sasl }
  const alone = kafkaOnly.filter((name) => values[name] !== undefined)
  if (alone.length > 0) {
    problems.push(`expected SLUICE_KAFKA_BROKERS beside ${alone.join(', ')}, found none`)
  }
  return undefined
}

const saslParts = [
  'SLUICE_KAFKA_SASL_MECHANISM',
  'SLUICE_KAFKA_SASL_USERNAME',
  'SLUICE_KAFKA_SASL_PASSWORD_FILE',
] as const satisfies VariableName[]
const kafkaOnly = ['SLUICE_KAFKA_CLIENT', 'SLUICE_KAFKA_TLS_CA', ...saslParts] as const

function saslSettings(values: VariableValues, problems: string[]): SaslSettings | undefined {
  const {
    SLUICE_KAFKA_SASL_MECHANISM: mechanism,
    SLUICE_KAFKA_SASL_USERNAME: username,
    SLUICE_KAFKA_SASL_PASSWORD_FILE: passwordFile,
  } = values
  if (mechanism && username && passwordFile) return { mechanism, username, passwordFile }
  const missing = saslParts.filter((name) => values[name] === undefined)
  if (missing.length < saslParts.length) {
    problems.push(
      `expected all of ${saslParts.join(', ')} or none, found no ${missing.join(', no ')}`,
    )
  }
  return undefined
}
