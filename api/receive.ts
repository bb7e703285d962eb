import type { Operation } from '../core/operation.ts'
import type { ApiOptions } from './api-options.ts'
import type { Caller } from './auth.ts'
import { requireMayWrite } from './auth.ts'
import { readBody, readWholeBody } from './body.ts'
import { Budgets } from './budget.ts'
import { Issues } from './issues.ts'
import { parseJson } from './json.ts'
import type { ApiLimits } from './limits.ts'
import { bodyForm } from './media-type.ts'
import { NdjsonReader } from './ndjson.ts'
import { OperationReader } from './operation-reader.ts'
import type { Outbox } from './outbox.ts'
import { MemoryOutbox } from './outbox.ts'
import { Spool } from './spool.ts'
import { wholeLines } from './whole-lines.ts'
import { parseWriteRequest } from './write-request.ts'

/** A request while its operations are read; disposing of it gives back all that it holds. */
export interface Received extends AsyncDisposable {
  /** The valid operations, some at a time. What is wrong with others is told to `issues`. */
  readonly parts: AsyncIterable<ReceivedPart>
  readonly issues: Issues
  /** Where the operations' messages wait until the last one is known to be valid. */
  readonly outbox: Outbox
  /** On which line of the body an operation stands, where it has lines. */
  lineOf?(index: number): number | undefined
}

export interface ReceivedPart {
  readonly operations: readonly Operation[]
  /** What they took in the body. */
  readonly bytes: number
}

/** The ways to receive a write: one JSON text, held in memory, or NDJSON, spooled to disk. */
export function createReceive(options: ApiOptions, limits: ApiLimits, bodies: Budgets) {
  const { types, clock, spoolFolder } = options
  const places = new Budgets(limits.ndjsonRequests, 'all places for NDJSON requests')
  const disk = new Budgets(limits.spoolBytesInFlight, 'the disk space set aside for requests')

  /** Throws a Problem where the content type is neither, or no place is free. */
  return (request: Request, caller: Caller): Received =>
    bodyForm(request, ['json', 'ndjson']) === 'json'
      ? receiveJson(request, caller)
      : receiveNdjson(request, caller)

  function receiveJson(request: Request, caller: Caller): Received {
    const budget = bodies.open()
    const readOperations = async function* (): AsyncGenerator<ReceivedPart> {
      const bodyOptions = { maxBytes: limits.bodyBytes, limits, clock }
      const body = await readWholeBody(request, bodyOptions, budget)
      const operations = parseWriteRequest(parseJson(body, limits.jsonDepth), {
        ...rulesFor(caller),
        maxOperations: limits.operations,
        maxErrors: limits.errors,
      })
      yield { operations, bytes: body.byteLength }
    }
    return {
      parts: readOperations(),
      issues: new Issues(limits.errors),
      outbox: new MemoryOutbox(),
      [Symbol.asyncDispose]: async () => budget[Symbol.dispose](),
    }
  }

  function receiveNdjson(request: Request, caller: Caller): Received {
    const place = places.open()
    place.take(1)
    const spool = new Spool({
      folder: spoolFolder,
      maxBytes: Math.min(limits.spoolBytes, limits.spoolBytesInFlight),
      budget: disk.open(),
      reportError: (error) => options.reportError('POST /v1/writes', error),
    })
    const issues = new Issues(limits.errors)
    const reader = new NdjsonReader(new OperationReader(rulesFor(caller), issues), issues, limits)
    const readOperations = async function* (): AsyncGenerator<ReceivedPart> {
      const body = readBody(request, { maxBytes: limits.ndjsonBytes, limits, clock })
      for await (const block of wholeLines(body, limits.ndjsonLineBytes)) {
        yield { operations: reader.read(block), bytes: block.byteLength }
        // Read on all the same, so that the answer tells all that is wrong.
        if (issues.any) await spool.drop()
      }
      reader.finish()
    }
    return {
      parts: readOperations(),
      issues,
      outbox: spool,
      lineOf: (index) => reader.lineOf(index),
      [Symbol.asyncDispose]: async () => {
        await spool[Symbol.asyncDispose]()
        place[Symbol.dispose]()
      },
    }
  }

  function rulesFor(caller: Caller) {
    return { types, requireMayWrite: (type: string) => requireMayWrite(caller, type) }
  }
}
