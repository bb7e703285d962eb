import type { Fault } from './fault.ts'
import { Random } from './random.ts'

/** Everything; a quarter of it; or what fits into `npm test`. */
export type Share = 'all' | 'short' | 'tests'

export interface Choice {
  readonly share: Share
  /** Faults of these names alone; all if there are none. */
  readonly only: readonly string[]
  /** Tries of each, whatever the share says. */
  readonly count: number | undefined
  readonly seed: number
}

export interface Chosen {
  readonly fault: Fault
  readonly tries: number
}

const shortShare = 4

/**
 * What a run does, in order. For `npm test` those that always belong to it come first, then the others
 * as the seed shuffles them: they are done as long as there is time.
 */
export function chooseFaults(faults: readonly Fault[], choice: Choice): readonly Chosen[] {
  const { share, only, seed } = choice
  const unknown = only.filter((name) => !faults.some((fault) => fault.name === name))
  if (unknown.length > 0) {
    const known = faults.map(({ name }) => name).join(', ')
    throw new Error(`no fault is named ${unknown.join(', ')}; there are ${known}`)
  }
  const chosen = faults
    .filter(({ name }) => only.length === 0 || only.includes(name))
    .map((fault) => ({ fault, tries: triesOf(fault, choice) }))
    .filter(({ tries }) => tries > 0)
  return share === 'tests' ? inTestOrder(chosen, new Random(seed)) : chosen
}

function triesOf({ count, inTests }: Fault, choice: Choice): number {
  if (choice.count !== undefined) return choice.count
  const { share } = choice
  switch (share) {
    case 'all':
      return count
    case 'short':
      return Math.ceil(count / shortShare)
    case 'tests':
      return inTests?.tries ?? 0
    default:
      return share satisfies never
  }
}

function inTestOrder(chosen: readonly Chosen[], random: Random): readonly Chosen[] {
  return chosen
    .map((one) => ({ one, place: one.fault.inTests?.always ? -1 : random.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one)
}
