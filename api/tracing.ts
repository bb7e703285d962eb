import { context, propagation, SpanKind } from '@opentelemetry/api'
import type { MessageHeaders } from '../core/log.ts'
import { inSpan, setFailed } from '../otel/in-span.ts'
import { attributes } from '../otel/names.ts'

/** A server span around the answer to one request; it continues the trace that the client sends. */
export async function traceRequest(
  request: Request,
  route: string,
  answer: () => Promise<Response>,
): Promise<Response> {
  const url = new URL(request.url)
  const parent = propagation.extract(context.active(), request.headers, {
    get: (headers, name) => headers.get(name) ?? undefined,
    keys: (headers) => [...headers.keys()],
  })
  const options = {
    kind: SpanKind.SERVER,
    attributes: {
      [attributes.httpRequestMethod]: request.method,
      [attributes.httpRoute]: route,
      // A path with parameters may hold a receipt, which lets its holder read a job.
      [attributes.urlPath]: route.includes(':') ? route : url.pathname,
      [attributes.urlScheme]: url.protocol.slice(0, -1),
    },
  }
  return inSpan(`${request.method} ${route}`, options, parent, async (span) => {
    const response = await answer()
    span.setAttribute(attributes.httpResponseStatusCode, response.status)
    // A client's error is no error of the server.
    if (response.status >= 500) setFailed(span, String(response.status))
    return response
  })
}

/** A producer span around appending messages to the log, whose context goes into their headers. */
export function tracePublish<T>(
  topic: string,
  system: string,
  details: { readonly messages: number; readonly job: string; readonly operations: number },
  publish: (headers: MessageHeaders) => Promise<T>,
): Promise<T> {
  const options = {
    kind: SpanKind.PRODUCER,
    attributes: {
      [attributes.messagingSystem]: system,
      [attributes.messagingOperationName]: 'send',
      [attributes.messagingOperationType]: 'send',
      [attributes.messagingDestinationName]: topic,
      [attributes.messagingBatchMessageCount]: details.messages,
      [attributes.job]: details.job,
      [attributes.operations]: details.operations,
    },
  }
  return inSpan(`send ${topic}`, options, context.active(), () => {
    const headers: Record<string, string> = {}
    propagation.inject(context.active(), headers)
    return publish(headers)
  })
}
