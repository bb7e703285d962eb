export interface Telemetry {
  /** Sends what is left, for a few seconds at most, and closes the exporters. Never rejects. */
  stop(): Promise<void>
}

/** A collector that is away must not keep a process from its end; its client tries for 10 s. */
const stopGraceMs = 3000

/**
 * A window links to each message in it, a pull's worth; past the SDK's default of 128 links it would
 * drop the rest without a word.
 */
const linkCountLimit = 4096

/**
 * Starts OpenTelemetry's SDK as the OTEL_* variables say, which the SDK reads by itself. Without an
 * endpoint or exporter nothing is loaded, and every span costs next to nothing.
 */
export async function startTelemetry(
  service: 'sluice-api' | 'sluice-worker' | 'sluice',
  exportsTelemetry: boolean,
): Promise<Telemetry> {
  if (!exportsTelemetry) return { stop: async () => {} }
  const { NodeSDK } = await import('@opentelemetry/sdk-node')
  const sdk = new NodeSDK({ serviceName: service, spanLimits: { linkCountLimit } })
  sdk.start()
  return { stop: () => sendRest(sdk.shutdown()) }
}

async function sendRest(sent: Promise<void>): Promise<void> {
  const grace = Promise.withResolvers<void>()
  const overdue = new Error(`no answer within ${stopGraceMs} ms`)
  const timer = setTimeout(() => grace.reject(overdue), stopGraceMs)
  try {
    await Promise.race([sent, grace.promise])
  } catch (error) {
    console.error(`the last telemetry could not be sent: ${(error as Error).message}`)
  } finally {
    clearTimeout(timer)
  }
}
