// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of sources.

import { type Guard, simulator } from './guard.ts'

/** Who may move a position, from where, and in which log and database it counts. */
export const positionGuards: readonly Guard[] = [
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
    name: "a database's identity",
    else: "a shard's operations are written to another shard's database, or another deployment's",
    edits: [
      {
        file: 'db/identity.ts',
        text: '  if (difference !== undefined) throw wrongDatabase(address, difference)\n',
        instead: '',
      },
    ],
    tests: ['test/db/claim.test.ts'],
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
    name: "looking at the log's end",
    else: 'what a client of the log leaves out at its end waits for the next message',
    edits: [
      {
        file: 'consumer/idle-look.ts',
        text: '    if (this.#behindAt && wasBehind) throw notBrought(position, next)\n',
        instead: '    void [wasBehind, notBrought, next]\n',
      },
    ],
    tests: ['test/consumer/position.test.ts', simulator],
  },
  {
    name: 'looking at an idle shard',
    else: 'a database that was restored while nothing came is not replayed',
    edits: [
      {
        file: 'consumer/idle-look.ts',
        text: '    const position = await this.#session.look()\n',
        instead: '    const position = known\n',
      },
    ],
    tests: ['test/consumer/exactly-once.test.ts', simulator],
  },
  {
    name: "a repair's new epoch",
    else: 'the worker whose shard was moved by hand writes on from where it was',
    edits: [
      {
        file: 'db/fence.ts',
        text: 'UPDATE ${offsets} SET ${column(offsets.logId)} = ${any}, ${column(offsets.epoch)} = ${any},',
        instead:
          'UPDATE ${offsets} SET ${column(offsets.logId)} = ${any}, ${column(offsets.epoch)} = COALESCE(${column(offsets.epoch)}, ${any}),',
      },
    ],
    tests: ['test/db/shard-repair.test.ts'],
  },
  {
    name: "a repair's audit row",
    else: 'nobody knows why a shard stands elsewhere',
    edits: [
      {
        file: 'db/shard-repair.ts',
        text: '      await connection.write(insertAudit, auditValues(this.row, repair))\n',
        instead: '      void [insertAudit, auditValues]\n',
      },
    ],
    tests: ['test/db/shard-repair.test.ts'],
  },
  {
    name: 'what a restored database replays stays in the log',
    else: 'a shard that went back finds its next messages trimmed away',
    edits: [
      {
        file: 'core/retention.ts',
        text: '[history, ...past.slice(newestOld)]',
        instead: '[past[newestOld]!]',
      },
    ],
    tests: ['test/core/retention.test.ts'],
  },
]
