// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of sources.

/**
 * What keeps "exactly once" true, each with what it would be without it. `npm run faults:guards` takes
 * one away after the other, in a copy of the sources, and demands that a test notices.
 *
 * To add one: name the file, a text that stands in it exactly once, and what stands there instead. The
 * result must still run. If a text is not found any more, the guard was moved or lost: look which.
 */
export interface Guard {
  readonly name: string
  /** What goes wrong without it. */
  readonly else: string
  readonly edits: readonly Edit[]
  /** Test files, or folders of them, that are meant to notice. */
  readonly tests: readonly string[]
}

export interface Edit {
  readonly file: string
  readonly text: string
  readonly instead: string
}

/** What is run where the tests that were meant to notice did not. */
export const wholeSuite = ['test/core', 'test/consumer', 'test/db', 'test/simulator', 'test/log']

const simulator = 'test/simulator'

export const guards: readonly Guard[] = [
  {
    name: 'epoch check',
    else: 'a zombie moves the position after its successor',
    edits: [
      {
        file: 'db/fence.ts',
        text: ' WHERE ${thisRow} AND ${offsets.epoch} = ${any} AND ${offsets.nextOffset}',
        instead: ' WHERE ${thisRow} AND ${offsets.nextOffset}',
      },
      {
        file: 'db/fence.ts',
        text: '...[topic, shard, epoch, from.offset, from.operation],',
        instead: '...[topic, shard, from.offset, from.operation],',
      },
    ],
    tests: ['test/db/claim.test.ts', simulator],
  },
  {
    name: 'position check',
    else: 'a window is applied again after a COMMIT that was thought lost',
    edits: [
      {
        file: 'db/fence.ts',
        text: ' AND ${offsets.nextOffset} = ${any} AND ${offsets.nextOperation} = ${any}`',
        instead: '`',
      },
      {
        file: 'db/fence.ts',
        text: '...[topic, shard, epoch, from.offset, from.operation],',
        instead: '...[topic, shard, epoch],',
      },
    ],
    tests: ['test/db/claim.test.ts', simulator],
  },
  {
    name: 'log identity',
    else: 'a recreated log is read from a position that counts in another one',
    edits: [
      {
        file: 'db/claim.ts',
        text: '  if (row.logId !== logId) throw recreatedLog(address, topic, row, logId)\n',
        instead: '',
      },
    ],
    tests: ['test/db/claim.test.ts', simulator],
  },
  {
    name: 'reading the row after an unclear COMMIT (taking it for done)',
    else: 'a window whose COMMIT got lost is never applied',
    edits: [
      {
        file: 'consumer/partition.ts',
        text: 'const position = await this.#session.settle()',
        instead: "const position = unclear.window.to as Position | 'lost'",
      },
    ],
    tests: ['test/consumer/exactly-once.test.ts', simulator],
  },
  {
    name: 'reading the row after an unclear COMMIT (taking it for lost)',
    else: 'a window whose COMMIT took effect is tried for ever',
    edits: [
      {
        file: 'consumer/partition.ts',
        text: 'const position = await this.#session.settle()',
        instead: "const position = unclear.window.from as Position | 'lost'",
      },
    ],
    tests: ['test/consumer/exactly-once.test.ts', simulator],
  },
  {
    name: "killing the zombie's connection at a claim",
    else: "a worker that stopped inside its transaction holds the shard's row for minutes",
    edits: [
      {
        file: 'db/claim.ts',
        text: '    if (row) await killOwner(connection, row)\n',
        instead: '',
      },
    ],
    tests: ['test/db/claim.test.ts'],
  },
  {
    name: 'killing the own connection that was lost',
    else: 'a COMMIT under way takes effect after the row was read, or its locks stay',
    edits: [
      {
        file: 'db/shard-session.ts',
        text: '      await killConnection(connection, this.#connection)\n',
        instead: '',
      },
    ],
    tests: ['test/db/shard-session.test.ts'],
  },
  {
    name: 'seek on claim',
    else: 'a worker reads on from wherever the log client stands',
    edits: [
      {
        file: 'consumer/open-inbox.ts',
        text: 'new Inbox(await log.open(shard, from.offset), from, options)',
        instead:
          'new Inbox(await log.open(shard, (await log.bounds(shard)).earliest), from, options)',
      },
    ],
    tests: ['test/consumer/position.test.ts', simulator],
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
    name: 'giving up a partition that was lost',
    else: 'its old owner goes on until the fence stops it, and then takes it back',
    edits: [
      {
        file: 'consumer/worker.ts',
        text: '      if (!shards.includes(shard)) this.#release(shard)\n',
        instead: '      void shard\n',
      },
    ],
    tests: ['test/consumer/ownership.test.ts'],
  },
  {
    name: 'dropping the window that was cut when the partition was lost',
    else: 'an old owner begins windows after it was told to stop',
    edits: [
      {
        file: 'consumer/partition.ts',
        text: 'if (this.#signal.aborted || !(await this.#takeSlot())) return',
        instead: 'if (!(await this.#takeSlot())) return',
      },
      {
        file: 'consumer/partition.ts',
        text: '      if (this.#signal.aborted) return undefined\n      report.decides()\n',
        instead: '      report.decides()\n',
      },
    ],
    tests: ['test/consumer/stop.test.ts'],
  },
  {
    name: 'dropping what was pulled ahead',
    else: 'operations are skipped or repeated after the shard was found elsewhere',
    edits: [
      {
        file: 'consumer/partition.ts',
        text: '    await this.close()\n    this.#preparing = undefined\n    this.#inbox = undefined\n',
        instead: '',
      },
    ],
    tests: ['test/consumer/exactly-once.test.ts', simulator],
  },
  {
    name: 'noticing a message that is left out',
    else: 'what a client of the log mixed up is lost without a trace',
    edits: [
      {
        file: 'consumer/inbox.ts',
        text: '  if (at === from) return undefined\n',
        instead: '  return undefined\n',
      },
    ],
    tests: ['test/consumer/position.test.ts', simulator],
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
  {
    name: 'looking at an idle shard',
    else: 'a database that was restored while nothing came is not replayed',
    edits: [
      {
        file: 'consumer/partition.ts',
        text: "        else if ((await this.#lookWhileIdle()) === 'lost') return 'lost'\n",
        instead: '',
      },
    ],
    tests: ['test/consumer/exactly-once.test.ts', simulator],
  },
]
