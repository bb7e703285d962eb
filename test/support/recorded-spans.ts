import { NodeSDK } from '@opentelemetry/sdk-node'
import { afterAll, beforeAll, beforeEach } from 'vitest'

type SpanProcessor = NonNullable<
  NonNullable<ConstructorParameters<typeof NodeSDK>[0]>['spanProcessors']
>[number]
export type EndedSpan = Parameters<SpanProcessor['onEnd']>[0]

/** Runs a file's tests under an SDK; each test finds its spans in the order in which they ended. */
export function recordSpans(): EndedSpan[] {
  const ended: EndedSpan[] = []
  const sdk = new NodeSDK({
    autoDetectResources: false,
    spanProcessors: [
      {
        onStart: () => {},
        onEnd: (span) => ended.push(span),
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  })
  beforeAll(() => sdk.start())
  beforeEach(() => ended.splice(0))
  afterAll(() => sdk.shutdown())
  return ended
}
