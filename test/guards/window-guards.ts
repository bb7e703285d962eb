import { type Guard, simulator } from './guard.ts'

/** What one window may run, and what of it may fail. */
export const windowGuards: readonly Guard[] = [
  {
    name: 'paying before the transaction opens',
    else: 'rows stay locked for as long as the rate says',
    edits: [
      { file: 'consumer/partition.ts', text: '      await this.#pay(window)\n', instead: '' },
      {
        file: 'consumer/partition.ts',
        text: 'await transact(this.#session, window, options)',
        instead:
          'await transact({ begin: async (from: Position, to: Position) => [await this.#session.begin(from, to), await this.#pay(window)][0] } as never, window, options)',
      },
    ],
    tests: ['test/consumer/pacing.test.ts'],
  },
  {
    name: 'autocommit=0',
    else: 'after a deadlock each statement commits by itself, outside any fence',
    edits: [{ file: 'db/session-settings.ts', text: 'autocommit: 0,', instead: 'autocommit: 1,' }],
    tests: ['test/db/window-transaction.test.ts', simulator],
  },
  {
    name: 'only row errors go back to a savepoint',
    else: 'after a deadlock the rest of the window runs in another transaction than its fence',
    edits: [
      {
        file: 'db/run-statement.ts',
        text: '    const failure = rowFailureOf(error)\n    if (!failure) throw error\n',
        instead:
          "    const failure = rowFailureOf(error) ?? { code: 'rejected' as const, message: '' }\n",
      },
    ],
    tests: ['test/db/shard-session.test.ts'],
  },
  {
    name: 'a failed ROLLBACK TO ends the window',
    else: 'what follows it runs outside the fence',
    edits: [
      {
        file: 'db/window-transaction.ts',
        text: '        connection.discard(why)\n        throw why\n      }\n    })',
        instead: '        void why\n      }\n    })',
      },
    ],
    tests: ['test/db/shard-session.test.ts'],
  },
  {
    name: 'a failed ROLLBACK TO discards the connection',
    else: 'the next window runs on a connection of which nobody knows what it has open',
    edits: [
      {
        file: 'db/window-transaction.ts',
        text: '        connection.discard(why)\n        throw why\n      }\n    })',
        instead: '        throw why\n      }\n    })',
      },
    ],
    tests: ['test/db/shard-session.test.ts'],
  },
  {
    name: "no operation fails on a name's word",
    else: "a good row fails where a trigger's error names it",
    edits: [
      {
        file: 'consumer/apply.ts',
        text: 'else if (failure && (isOfKey(failure) || (othersApplied && suspects.size === 1))) {',
        instead: 'else if (failure) {',
      },
    ],
    tests: ['test/consumer/isolation.test.ts'],
  },
  {
    name: 'jobs that fail alike stop the shard',
    else: 'a table that was changed empties the log into the failures',
    edits: [
      {
        file: 'consumer/partition.ts',
        text: '    if (alike) throw new JobsFailingAlike(alike)\n',
        instead: '    void [alike, JobsFailingAlike]\n',
      },
    ],
    tests: ['test/consumer/failing-alike.test.ts'],
  },
  {
    name: 'stopping at what is not known',
    else: 'an older worker drops what a newer API wrote',
    edits: [
      {
        file: 'consumer/window.ts',
        text: "if (head.kind === 'blocked') throw head.error",
        instead: "if (head.kind === 'blocked') {\n        inbox.pass()\n        continue\n      }",
      },
    ],
    tests: ['test/consumer/content.test.ts'],
  },
]
