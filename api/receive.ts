import type { Digest } from '../core/digest.ts'
import type { Operation } from '../core/operation.ts'
import type { ApiOptions } from './api-options.ts'
import type { Caller } from './auth.ts'
import { requireMayWrite } from './auth.ts'
import { readBody, readWholeBody } from './body.ts'
import type { Budgets } from './budget.ts'
import { Issues } from './issues.ts'
import { parseJson } from './json.ts'
import type { ApiLimits } from './limits.ts'
import { bodyForm } from './media-type.ts'
import { NdjsonReader } from './ndjson.ts'
import { OperationReader } from './operation-reader.ts'
import type { Outbox } from './outbox.ts'
import { MemoryOutbox } from './outbox.ts'
import type { OpenSpool } from './spools.ts'
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

export type Receive = ReturnType<typeof createReceive>

const spoolAdvice = {
  tooLarge: 'split them into several requests',
  unavailable: 'send this again later, or now in requests of application/json',
}

/** The ways to receive a write: one JSON text, held in memory, or NDJSON, spooled to disk. */
export function createReceive(
  { types, clock }: ApiOptions,
  limits: ApiLimits,
  bodies: Budgets,
  openSpool: OpenSpool,
) {
  /**
   * Throws a Problem where the content type is neither, or no place is free. The digest is given the
   * form of the body, then the body as it is unpacked.
   */
  return (request: Request, caller: Caller, digest?: Digest): Received => {
    const form = bodyForm(request, ['json', 'ndjson'])
    digest?.update(`${form}\n`)
    return form === 'json'
      ? receiveJson(request, caller, digest)
      : receiveNdjson(request, caller, digest)
  }

  function receiveJson(request: Request, caller: Caller, digest: Digest | undefined): Received {
    const budget = bodies.open()
    const readOperations = async function* (): AsyncGenerator<ReceivedPart> {
      const bodyOptions = { maxBytes: limits.bodyBytes, limits, clock }
      const body = await readWholeBody(request, bodyOptions, budget)
      digest?.update(body)
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

  function receiveNdjson(request: Request, caller: Caller, digest: Digest | undefined): Received {
    const placed = openSpool('POST /v1/writes', spoolAdvice)
    const { spool } = placed
    const issues = new Issues(limits.errors)
    const reader = new NdjsonReader(new OperationReader(rulesFor(caller), issues), issues, limits)
    const readOperations = async function* (): AsyncGenerator<ReceivedPart> {
      const body = readBody(request, { maxBytes: limits.ndjsonBytes, limits, clock })
      for await (const block of wholeLines(body, limits.ndjsonLineBytes)) {
        digest?.update(block)
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
      [Symbol.asyncDispose]: () => placed[Symbol.asyncDispose](),
    }
  }

  function rulesFor(caller: Caller) {
    return { types, requireMayWrite: (type: string) => requireMayWrite(caller, type) }
  }
}
