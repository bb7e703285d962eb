import { Admin } from '@platformatic/kafka'

const connectLimitMs = 2_000

/** Whether these brokers serve metadata: a broker listens before it does. */
export async function brokersAnswer(brokers: readonly string[]): Promise<boolean> {
  const admin = new Admin({
    clientId: 'sluice-setup',
    bootstrapBrokers: [...brokers],
    connectTimeout: connectLimitMs,
    timeout: connectLimitMs,
    retries: 0,
  })
  try {
    const { brokers: known } = await admin.metadata({ topics: [] })
    return known.size > 0
  } catch {
    return false
  } finally {
    await admin.close().catch(() => {})
  }
}
