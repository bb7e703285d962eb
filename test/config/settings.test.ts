import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../config/config-error.ts'
import type { Environment } from '../../config/settings.ts'
import { readSettings } from '../../config/settings.ts'

function problemsOf(environment: Environment): readonly string[] {
  try {
    readSettings(environment)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

describe('settings', () => {
  it('have the documented defaults', () => {
    expect(readSettings({ PATH: '/bin', OTEL_SERVICE_NAME: 'x' })).toEqual({
      configFile: 'sluice.config.ts',
      host: '127.0.0.1',
      port: 8080,
      workerPort: 0,
      mysqlUrl: undefined,
      shards: 8,
      statementsPerSecond: 50,
      kafka: undefined,
      topicPrefix: 'sluice',
      dataDir: '.sluice',
      apiKeysFile: undefined,
      receiptKeysFile: undefined,
      alertUrl: undefined,
      exportsTelemetry: false,
      maySystemInstall: true,
    })
  })

  it('take every variable', () => {
    expect(
      readSettings({
        SLUICE_CONFIG: 'my.config.ts',
        SLUICE_HOST: '::',
        SLUICE_PORT: '80',
        SLUICE_WORKER_PORT: '9000',
        SLUICE_MYSQL_URL: 'mysql://root:secret@db.example:3307/',
        SLUICE_SHARDS: '16',
        SLUICE_STATEMENTS_PER_SECOND: '0.5',
        SLUICE_KAFKA_BROKERS: 'a.example:9092, b.example:9092',
        SLUICE_KAFKA_CLIENT: 'platformatic',
        SLUICE_KAFKA_TLS_CA: 'ca.pem',
        SLUICE_KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
        SLUICE_KAFKA_SASL_USERNAME: 'me',
        SLUICE_KAFKA_SASL_PASSWORD_FILE: 'password',
        SLUICE_TOPIC_PREFIX: 'bulk',
        SLUICE_DATA_DIR: '/var/lib/sluice',
        SLUICE_API_KEYS: 'keys.json',
        SLUICE_RECEIPT_KEYS: 'receipts.json',
        SLUICE_ALERT_URL: 'https://alerts.example/hook',
        SLUICE_NO_SYSTEM_PACKAGES: '1',
      }),
    ).toEqual({
      configFile: 'my.config.ts',
      host: '::',
      port: 80,
      workerPort: 9000,
      mysqlUrl: 'mysql://root:secret@db.example:3307/',
      shards: 16,
      statementsPerSecond: 0.5,
      kafka: {
        brokers: ['a.example:9092', 'b.example:9092'],
        client: 'platformatic',
        tlsCaFile: 'ca.pem',
        sasl: { mechanism: 'SCRAM-SHA-512', username: 'me', passwordFile: 'password' },
      },
      topicPrefix: 'bulk',
      dataDir: '/var/lib/sluice',
      apiKeysFile: 'keys.json',
      receiptKeysFile: 'receipts.json',
      alertUrl: 'https://alerts.example/hook',
      exportsTelemetry: false,
      maySystemInstall: false,
    })
  })

  it('that are empty count as unset', () => {
    expect(readSettings({ SLUICE_KAFKA_BROKERS: '', SLUICE_PORT: ' ' })).toEqual(readSettings({}))
  })

  it('that are unknown are refused, with the one that was probably meant', () => {
    expect(problemsOf({ SLUICE_PROT: '80', SLUICE_KAFKA_BROKER: 'a:1' })).toEqual([
      'SLUICE_PROT is unknown: did you mean SLUICE_PORT?',
      'SLUICE_KAFKA_BROKER is unknown: did you mean SLUICE_KAFKA_BROKERS?',
    ])
    expect(problemsOf({ SLUICE_WHATEVER_ELSE: '1' })[0]).toMatch(
      /^SLUICE_WHATEVER_ELSE is unknown, known are SLUICE_CONFIG, /,
    )
  })

  it.each([
    ['SLUICE_PORT', '65536', 'a port from 0 to 65535'],
    ['SLUICE_PORT', '0x50', 'a port from 0 to 65535'],
    ['SLUICE_SHARDS', '0', 'an integer from 1 to 10000'],
    ['SLUICE_SHARDS', '2.5', 'an integer from 1 to 10000'],
    ['SLUICE_STATEMENTS_PER_SECOND', '-1', 'a number from 0 (no limit) to 1000000'],
    ['SLUICE_KAFKA_BROKERS', 'a.example', 'host:port, several separated by commas'],
    ['SLUICE_TOPIC_PREFIX', 'a b', 'at most 100 letters, digits, dots, dashes and underscores'],
    ['SLUICE_NO_SYSTEM_PACKAGES', 'yes', '0 or 1'],
  ])('%s=%s is refused', (name, value, expected) => {
    expect(problemsOf({ [name]: value })).toEqual([`${name} is "${value}", expected ${expected}`])
  })

  it.each([
    ['SLUICE_MYSQL_URL', 'mysql://root:secret@db.example/database'],
    ['SLUICE_MYSQL_URL', 'secret'],
    ['SLUICE_ALERT_URL', 'ftp://me:secret@alerts.example'],
  ])('%s, when bad, is refused without repeating what may hold a password', (name, value) => {
    const [problem] = problemsOf({ [name]: value })
    expect(problem).toMatch(new RegExp(`^${name} is another value, expected `))
    expect(problem).not.toContain('secret')
  })

  it('that belong together must come together', () => {
    expect(problemsOf({ SLUICE_KAFKA_TLS_CA: 'ca.pem' })).toEqual([
      'expected SLUICE_KAFKA_BROKERS beside SLUICE_KAFKA_TLS_CA, found none',
    ])
    expect(problemsOf({ SLUICE_KAFKA_BROKERS: 'a:1', SLUICE_KAFKA_SASL_USERNAME: 'me' })).toEqual([
      'expected all of SLUICE_KAFKA_SASL_MECHANISM, SLUICE_KAFKA_SASL_USERNAME, SLUICE_KAFKA_SASL_PASSWORD_FILE or none, found no SLUICE_KAFKA_SASL_MECHANISM, no SLUICE_KAFKA_SASL_PASSWORD_FILE',
    ])
  })
})
