import type { Stretch } from './stretch.ts'

/** Jobs and messages that are named one by one. */
const maxNamed = 10

/** `12 operations of 2 jobs in 3 messages, and 1 message that can't be read`. */
export function describeStretch({ messages, operations, jobs, unreadable }: Stretch): string {
  const readable = messages - unreadable.length
  const counted = `${count(operations, 'operation')} of ${count(jobs.size, 'job')} in ${count(readable, 'message')}`
  if (unreadable.length === 0) return counted
  return `${counted}, and ${count(unreadable.length, 'message')} that can't be read`
}

/** Its largest jobs, then what can't be read, a line each. */
export function listStretch({ jobs, unreadable }: Stretch): string[] {
  const largest = [...jobs].sort(([, a], [, b]) => b.operations - a.operations)
  return [
    ...named(
      largest,
      ([job, { operations }]) => `  job ${job}: ${count(operations, 'operation')}`,
      'job',
    ),
    ...named(unreadable, ({ offset, reason }) => `  offset ${offset}: ${reason}`, 'message'),
  ]
}

function named<T>(items: readonly T[], line: (item: T) => string, what: string): string[] {
  const lines = items.slice(0, maxNamed).map(line)
  const left = items.length - lines.length
  return left > 0 ? [...lines, `  and ${count(left, `more ${what}`)}`] : lines
}

/** `1 job`, `1,234 jobs`. */
export function count(number: number, what: string): string {
  return `${number.toLocaleString('en-US')} ${what}${number === 1 ? '' : 's'}`
}
