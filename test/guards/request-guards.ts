import { type Guard, simulator } from './guard.ts'

/** What a client may rely on that sends again, retries or cancels. */
export const requestGuards: readonly Guard[] = [
  {
    name: 'a failed publish says no more than is known',
    else: 'a client is told that nothing was written, and doubles what was',
    edits: [
      {
        file: 'api/publish.ts',
        text: 'error instanceof PublishError && isFirstGroup ? error.outcome',
        instead: 'error instanceof PublishError ? error.outcome',
      },
    ],
    tests: ['test/api/ndjson-limits.test.ts'],
  },
  {
    name: 'one invalid operation refuses the request',
    else: 'a client that mends a line and sends all again doubles the rest',
    edits: [
      {
        file: 'api/accept.ts',
        text: '      issues.throwIfAny(received.lineOf)\n',
        instead: '',
      },
    ],
    tests: ['test/api/ndjson.test.ts'],
  },
  {
    name: 'bitmap of a keyed request',
    else: 'a request that is sent again takes effect again',
    edits: [
      {
        file: 'core/request-blocks.ts',
        text: '    if ((this.#done.get(block)?.[byte] ?? 0) & bit) return false\n',
        instead: '',
      },
    ],
    tests: ['test/core/request-blocks.test.ts', simulator],
  },
  {
    name: 'digest of a keyed request',
    else: 'another body under the same key is taken for the same request',
    edits: [
      {
        file: 'core/request-blocks.ts',
        text: 'return digest === this.#head?.digest',
        instead: 'return digest !== undefined',
      },
    ],
    tests: ['test/core/request-blocks.test.ts', simulator],
  },
  {
    name: 'a failure is sent again once',
    else: 'a job that is retried twice adds its increments twice',
    edits: [
      {
        file: 'consumer/retried.ts',
        text: "verdict === 'again' || place > 0",
        instead: 'place > 0',
      },
    ],
    tests: ['test/consumer/retry.test.ts', simulator],
  },
  {
    name: 'telling of a claim before control is read',
    else: 'a cancel is confirmed by an owner whose shard has a new one, which does not know of it',
    edits: [
      {
        file: 'consumer/shard-run.ts',
        text: '    await options.announce()\n',
        instead: '',
      },
    ],
    tests: ['test/consumer/status.test.ts'],
  },
  {
    name: 'reading control to its end at a claim',
    else: 'a shard that moved goes on with a job that its owner before had confirmed as cancelled',
    edits: [
      {
        file: 'consumer/shard-run.ts',
        text: '    await options.control.catchUp()\n',
        instead: '',
      },
    ],
    tests: ['test/consumer/cancel.test.ts', simulator],
  },
  {
    name: 'fresh control before each window',
    else: 'a worker that stood still applies what its client was told is cancelled',
    edits: [
      {
        file: 'consumer/partition.ts',
        text: '      await control.freshen(this.#session.shard, this.#signal)\n',
        instead: '      void control\n',
      },
    ],
    tests: ['test/consumer/cancel.test.ts', simulator],
  },
  {
    name: 'deciding inside the transaction what is cancelled',
    else: 'a window that waited applies what was cancelled meanwhile',
    edits: [
      {
        file: 'consumer/admission.ts',
        text: '!left.has(source) && isCancelled(source)',
        instead: '!left.has(source) && isCancelled === undefined',
      },
    ],
    tests: ['test/consumer/cancel.test.ts', simulator],
  },
]
