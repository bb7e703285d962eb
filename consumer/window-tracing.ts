import type { Context, Link, SpanContext } from '@opentelemetry/api'
import {
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import type { ShardId } from '../core/position.ts'
import type { WindowTransaction } from '../core/shard-store.ts'
import type { Origin, Source } from '../core/source.ts'
import type { Effect, Statement } from '../core/statement.ts'
import type { PlannedStatement } from '../core/statement-group.ts'
import { inSpan } from '../otel/in-span.ts'
import { attributes, tracerName } from '../otel/names.ts'
import type { Window } from './window.ts'

/**
 * A window settles operations of many requests. Its span continues the trace of the first one and
 * links to all; into each other request's trace goes a span that links back to it.
 */
export async function traceWindow(
  shard: ShardId,
  window: Window,
  work: () => Promise<void>,
): Promise<void> {
  const requests = requestsOf(window.plan.sources)
  // Where traces are sampled, one that is recorded goes first: else a window would hide it.
  const first = requests.find(isSampled) ?? requests[0]
  const options = {
    kind: SpanKind.CONSUMER,
    links: linksTo(requests),
    attributes: {
      [attributes.messagingSystem]: 'sluice',
      [attributes.messagingOperationName]: 'process',
      [attributes.messagingOperationType]: 'process',
      [attributes.messagingPartitionId]: String(shard),
      [attributes.shard]: shard,
      [attributes.position]: `${window.from.offset}.${window.from.operation}`,
      [attributes.operations]: window.plan.sources.length,
      [attributes.statements]: window.plan.statements.length,
    },
  }
  const parent = first ? contextOf(first) : ROOT_CONTEXT
  const startTime = Date.now()
  await inSpan('process window', options, parent, async (span) => {
    await work()
    if (!span.isRecording()) return
    for (const request of requests) {
      if (request !== first) linkBack(request, span.spanContext(), startTime)
    }
  })
}

export function traceThrottleWait(wait: () => Promise<void>): Promise<void> {
  return inSpan('throttle', {}, context.active(), wait)
}

export function traceTransaction<T>(work: () => Promise<T>): Promise<T> {
  return inSpan('transaction', {}, context.active(), work)
}

/** The same transaction with a client span around each statement, linked to every request in it. */
export function withStatementSpans(transaction: WindowTransaction): WindowTransaction {
  const parent = context.active()
  // Finding the requests of a statement's rows costs time that only a recorded trace is worth.
  if (!trace.getSpan(parent)?.isRecording()) return transaction
  return {
    readRequests: (blocks) => transaction.readRequests(blocks),
    clearJobs: (jobs) => transaction.clearJobs(jobs),
    savepoint: () => transaction.savepoint(),
    rollbackToSavepoint: () => transaction.rollbackToSavepoint(),
    markRetried: (failures) => transaction.markRetried(failures),
    record: (records) => transaction.record(records),
    commit: () => transaction.commit(),
    rollback: () => transaction.rollback(),
    run: (statement) => spanned(statement, () => transaction.run(statement)),
    runNaming: (statement) => spanned(statement, () => transaction.runNaming(statement)),
  }

  function spanned<T>(statement: Statement, run: () => Promise<T>): Promise<T> {
    const { type, table, effect, rows } = statement as PlannedStatement
    const name = type.tableNames[table]!
    const options = {
      kind: SpanKind.CLIENT,
      links: linksTo(requestsOf(rows.flatMap((row) => row.sources))),
      attributes: {
        [attributes.dbSystemName]: 'mysql',
        [attributes.dbOperationName]: sqlVerb[effect],
        [attributes.dbCollectionName]: name,
        [attributes.dbOperationBatchSize]: rows.length,
      },
    }
    return inSpan(`${sqlVerb[effect]} ${name}`, options, parent, run)
  }
}

const sqlVerb: Readonly<Record<Effect, string>> = {
  create: 'INSERT',
  upsert: 'INSERT',
  modify: 'UPDATE',
  delete: 'DELETE',
}

/** The distinct messages behind some operations that carry a trace. */
function requestsOf(sources: readonly Source[]): Origin[] {
  // Without an SDK nobody reads what a trace context says, and nobody sees what would come of it.
  if (propagation.fields().length === 0) return []
  const origins = new Set<Origin>()
  for (const { origin } of sources) if (origin.traceparent) origins.add(origin)
  return [...origins]
}

function contextOf({ traceparent, tracestate }: Origin): Context {
  return propagation.extract(ROOT_CONTEXT, { traceparent, tracestate })
}

function isSampled(request: Origin): boolean {
  const flags = trace.getSpanContext(contextOf(request))?.traceFlags ?? TraceFlags.NONE
  return (flags & TraceFlags.SAMPLED) !== 0
}

function linksTo(requests: readonly Origin[]): Link[] {
  const links: Link[] = []
  for (const request of requests) {
    const context = trace.getSpanContext(contextOf(request))
    if (context && isSpanContextValid(context)) links.push({ context })
  }
  return links
}

function linkBack(request: Origin, window: SpanContext, startTime: number): void {
  const options = { kind: SpanKind.CONSUMER, links: [{ context: window }], startTime }
  trace.getTracer(tracerName).startSpan('process in window', options, contextOf(request)).end()
}
