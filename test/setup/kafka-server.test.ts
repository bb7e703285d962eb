import { Admin } from '@platformatic/kafka'
import { expect, inject, onTestFinished, test } from 'vitest'
import { provideKafka } from '../../setup/kafka/provide.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Java starts three times, on a machine that others may be using. */
const threeJvmsMs = 90_000

test(
  'a killed broker comes back on its port with its topics',
  async () => {
    const server = await provideKafka({ dataDir: inject('dataDir'), instance: temporaryFolder() })
    onTestFinished(() => server.stop())
    const { brokers } = server
    await asAdmin(brokers, (admin) => admin.createTopics({ topics: ['kept'], partitions: 3 }))
    await server.kill('SIGKILL')
    expect(server.pid).toBeUndefined()

    await server.restart()

    expect(server.brokers).toEqual(brokers)
    expect(await asAdmin(brokers, (admin) => admin.listTopics())).toEqual(['kept'])
  },
  threeJvmsMs,
)

test('topics are not made by asking for them', async () => {
  const brokers = inject('kafkaBrokers')
  const asking = asAdmin(brokers, (admin) =>
    admin.metadata({ topics: ['setup.none'], autocreateTopics: true }),
  )
  await expect(asking).rejects.toThrow()
  expect(await asAdmin(brokers, (admin) => admin.listTopics())).not.toContain('setup.none')
})

test('without Java the error says what to install', async () => {
  const nowhere = temporaryFolder()
  const options = { dataDir: nowhere, searchPath: nowhere, systemPackages: false }
  await expect(provideKafka(options)).rejects.toThrow(
    'There is no java on the PATH. Needed is Java 17 or newer, for Kafka. It was not installed, ' +
      'since SLUICE_NO_SYSTEM_PACKAGES is set. Install it (Debian and Ubuntu: apt-get install ' +
      'default-jre-headless), or set SLUICE_KAFKA_BROKERS to brokers that run already.',
  )
})

test('given brokers that do not answer are an error that names them', async () => {
  const provided = provideKafka({ dataDir: temporaryFolder(), brokers: ['127.0.0.1:1'] })
  await expect(provided).rejects.toThrow(/^No Kafka broker answers at 127\.0\.0\.1:1\. Check/)
})

async function asAdmin<T>(brokers: readonly string[], ask: (admin: Admin) => Promise<T>) {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [...brokers], retries: 1 })
  try {
    return await ask(admin)
  } finally {
    await admin.close()
  }
}
