import { keyedJob, readKeyedHeaders } from '../core/keyed-request.ts'
import type { LogMessage } from '../core/log.ts'
import { retryHeader } from '../core/message.ts'
import type { MessageBody, OperationShape } from '../core/message-body.ts'
import type { ObjectType } from '../core/object-type.ts'
import { behind } from '../core/position.ts'
import type { Origin, Source } from '../core/source.ts'

/** The operations of a message from its `first` one on, or what in it is not known here, in words. */
export function sourcesOf(
  { offset: at, headers }: LogMessage,
  { job, tenant, shapes, operations }: MessageBody,
  types: ReadonlyMap<string, ObjectType>,
  first: number,
): Source[] | string {
  const unknown = unknownIn(shapes, types)
  if (unknown !== undefined) return unknown
  const origin = originOf(job, tenant, headers)
  if (typeof origin === 'string') return origin
  const sources: Source[] = []
  for (let i = first; i < operations.length; i++) {
    const operation = operations[i]!
    const end = i + 1 < operations.length ? { offset: at, operation: i + 1 } : behind(at)
    sources.push({ operation, type: types.get(operation.type)!, origin, end })
  }
  return sources
}

/** A type or column that a newer API or config knows. The store would leave it out without a word. */
function unknownIn(
  shapes: readonly OperationShape[],
  types: ReadonlyMap<string, ObjectType>,
): string | undefined {
  for (const { type: name, properties, amounts = [] } of shapes) {
    const type = types.get(name)
    if (!type) return `the type ${JSON.stringify(name)}`
    const unknown = [...properties, ...amounts].find((property) => !type.properties.has(property))
    if (unknown !== undefined) return `the property ${JSON.stringify(unknown)} of the type ${name}`
  }
  return undefined
}

/** Whose operations a message's are; words for headers of no known form. */
export function originOf(
  job: string,
  tenant: string,
  headers: LogMessage['headers'],
): Origin | string {
  const { traceparent, tracestate, [retryHeader]: retryOf } = headers
  const keyed = readKeyedHeaders(headers)
  if (typeof keyed === 'string') return keyed
  return {
    job: keyed ? keyedJob(job, keyed.digest) : job,
    tenant,
    ...(retryOf !== undefined && { retryOf }),
    ...(keyed && { keyed }),
    ...(traceparent && { traceparent }),
    ...(tracestate && { tracestate }),
  }
}
