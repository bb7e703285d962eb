import type { FaultResult } from './attempt-fault.ts'

const nameWidth = 26
const shownBroken = 10

export const tableHead = [
  'fault'.padEnd(nameWidth),
  ...['tries', 'lost', 'wrong', 'doubled', 'operations', 'seconds'].map((name) => name.padStart(8)),
  ' longest, and what was counted',
].join(' ')

/** A fault's line of the table. */
export function faultLine(result: FaultResult): string {
  const { fault, tries, lost, wrong, doubled, operations, seconds } = result
  const numbers = [tries, lost, wrong, doubled, operations, Math.round(seconds)]
  const longest = Array.from(result.measured, ([name, ms]) => `${name} ${(ms / 1000).toFixed(2)} s`)
  const counted = Array.from(result.counted, ([name, number]) => `${number} ${name}`)
  return [
    fault.name.padEnd(nameWidth),
    ...numbers.map((number) => String(number).padStart(8)),
    ` ${[...longest, ...counted].join(', ')}`,
  ].join(' ')
}

/** What did not hold, where everybody's words are, and how to see it again. */
export function toldBroken({ fault, tries, broken, logs }: FaultResult, seed: number): string {
  const more = broken.length - shownBroken
  const shown = [...broken.slice(0, shownBroken), ...(more > 0 ? [`and ${more} more`] : [])]
  const again = `npm run faults -- --only ${fault.name} --count ${Math.max(tries, 1)} --seed ${seed}`
  return [...shown, `what everybody said is in ${logs}; again: ${again}`]
    .map((line) => `    ${line}`)
    .join('\n')
}
