import { faults } from './faults.ts'
import type { SimulationResult } from './simulation.ts'

/** What many seeds came to. */
export class Tally {
  seeds = 0
  failed = 0
  /** How often each thing went wrong; those that never did are there too. */
  readonly counts = new Map<string, number>(faults.map((fault) => [fault, 0]))

  add({ counts, problem }: SimulationResult): void {
    this.seeds++
    if (problem !== undefined) this.failed++
    for (const [what, count] of counts) this.counts.set(what, (this.counts.get(what) ?? 0) + count)
  }
}

export function printCounts(
  counts: ReadonlyMap<string, number>,
  print: (line: string) => void,
): void {
  for (const [what, count] of counts) print(`${String(count).padStart(9)} ${inWords(what)}`)
}

/** `commitAnswerLost` -> `commit answer lost`. */
function inWords(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
