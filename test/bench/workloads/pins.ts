import type { Workload } from '../workload.ts'
import { createdAt, createdAtSql, tuples, userOf } from '../workload.ts'
import { title } from './upserts.ts'

const link = (i: number) => `https://example.com/pins/${i}`

/** The default config's pin: each create writes two tables, both or none. */
export const pinCreates: Workload = {
  name: 'creates of pins, two tables each',
  tables: ['pins', 'board_pins'],
  batch: 500,
  operation: (i, shard) => ({
    type: 'pin',
    kind: 'create',
    object: {
      id: String(i + 1),
      userId: String(userOf(i, shard)),
      boardId: String(i % 977),
      title: title(i),
      link: link(i),
      createdAt,
    },
  }),
  prebuilt: (from, to, shard) => {
    const pin = (i: number) => [
      ...[i + 1, userOf(i, shard), i % 977, title(i), link(i), createdAtSql],
    ]
    const boardPin = (i: number) => [i + 1, i % 977, userOf(i, shard), createdAtSql]
    return [
      `INSERT INTO pins (id, user_id, board_id, title, link, created_at) VALUES ${tuples(from, to, pin)}`,
      `INSERT INTO board_pins (pin_id, board_id, user_id, created_at) VALUES ${tuples(from, to, boardPin)}`,
    ]
  },
}
