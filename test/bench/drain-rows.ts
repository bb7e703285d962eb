/** One row of the drain's table, about 200 bytes as a client sends it. */
export interface DrainRow {
  readonly id: string
  readonly userId: string
  readonly title: string
  readonly saves: number
  readonly createdAt: string
}

const text = 'a title as people write them, with some words and a few more to fill it '

export function drainRow(i: number): DrainRow {
  return {
    id: String(i + 1),
    userId: String((i * 7919) % 1_000_000),
    title: `${text.repeat(2).slice(0, 110)}${i}`,
    saves: i % 1000,
    createdAt: '2026-11-23T03:04:05.123Z',
  }
}
