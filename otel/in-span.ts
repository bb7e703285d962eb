import type { Context, Span, SpanOptions } from '@opentelemetry/api'
import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import { attributes, tracerName } from './names.ts'

/** Runs work inside a new span that is active meanwhile; a rejection marks the span as failed. */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  parent: Context,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const span = trace.getTracer(tracerName).startSpan(name, options, parent)
  try {
    return await context.with(trace.setSpan(parent, span), work, undefined, span)
  } catch (error) {
    setFailed(span, (error as Error).name)
    throw error
  } finally {
    span.end()
  }
}

export function setFailed(span: Span, errorType: string): void {
  span.setAttribute(attributes.errorType, errorType)
  span.setStatus({ code: SpanStatusCode.ERROR })
}
