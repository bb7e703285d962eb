import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

/** A span as an exporter sends it: OTLP's JSON, attributes as a plain object. */
export interface ReceivedSpan {
  readonly service: string
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly attributes: Readonly<Record<string, string | number>>
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
}

interface OtlpAttribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string }
}

interface OtlpSpan extends Omit<ReceivedSpan, 'service' | 'attributes' | 'links'> {
  readonly attributes?: readonly OtlpAttribute[]
  readonly links?: ReceivedSpan['links']
}

interface OtlpTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[]
  }[]
}

/** A collector that takes OTLP over HTTP as JSON and keeps the spans; gone after the test. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = []
  #port = 0
  readonly #server = createServer(async (request, response) => {
    const body = await json(request)
    if (request.url === '/v1/traces') this.#take(body as OtlpTraces)
    response.setHeader('content-type', 'application/json').end('{}')
  })

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver()
    const server = receiver.#server
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    receiver.#port = (server.address() as AddressInfo).port
    onTestFinished(() => receiver.close())
    return receiver
  }

  async close(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /** What a process must be started with to export to it, soon. */
  get env(): NodeJS.ProcessEnv {
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    }
  }

  #take({ resourceSpans }: OtlpTraces): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = String(plain(resource.attributes)['service.name'])
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        const { attributes = [], links = [] } = span
        this.spans.push({ ...span, service, attributes: plain(attributes), links })
      }
    }
  }
}

function plain(attributes: readonly OtlpAttribute[]): ReceivedSpan['attributes'] {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]),
  )
}
