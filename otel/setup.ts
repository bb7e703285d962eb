export interface Telemetry {
  /** Sends what is left and closes the exporters. */
  stop(): Promise<void>
}

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
  return { stop: () => sdk.shutdown() }
}
