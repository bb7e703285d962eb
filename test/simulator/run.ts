// `npm run simulate`: runs seed after seed, and says which promises broke; with one seed it replays
// that, with everything that happened in it.

import { parseArgs } from 'node:util'
import { type SimulationResult, simulate } from './simulation.ts'
import { printCounts, Tally } from './tally.ts'

const usage = 'npm run simulate -- [--seeds 10000] [--from 1] | --seed 17'
const progressEveryMs = 5_000

const { seeds, from, seed } = readOptions()
if (seed === undefined) await runAll(from, seeds)
else report(await simulate(seed, (line) => console.log(line)))

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '10000' },
        from: { type: 'string', default: '1' },
        seed: { type: 'string' },
      },
    })
    const seed = values.seed === undefined ? undefined : whole(values.seed)
    return { seeds: whole(values.seeds), from: whole(values.from), seed }
  } catch (error) {
    console.error(`${(error as Error).message}\nusage: ${usage}`)
    process.exit(2)
  }
}

async function runAll(from: number, seeds: number): Promise<void> {
  const tally = new Tally()
  let toldMs = performance.now()
  for (let seed = from; seed < from + seeds; seed++) {
    const result = await simulate(seed)
    tally.add(result)
    if (result.problem !== undefined) reportFailure(result)
    if (performance.now() - toldMs < progressEveryMs) continue
    toldMs = performance.now()
    console.log(`${tally.seeds} of ${seeds} seeds, ${tally.failed} failed`)
  }
  console.log(`\nWhat went wrong in ${tally.seeds} seeds, as it was meant to:`)
  printCounts(tally.counts, console.log)
  console.log(`\n${tally.seeds} seeds, ${tally.failed} failed`)
  process.exitCode = tally.failed === 0 ? 0 : 1
}

function report(result: SimulationResult): void {
  printCounts(result.counts, console.log)
  console.log(`seed ${result.seed}: ${result.problem ?? 'every promise was kept'}`)
  console.log(`trace ${result.hash}`)
  process.exitCode = result.problem === undefined ? 0 : 1
}

function reportFailure({ seed, problem }: SimulationResult): void {
  console.log(`\nseed ${seed}: ${problem}\nreplay it with: npm run simulate -- --seed ${seed}\n`)
}

function whole(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new Error(`${text} is not a whole number`)
}
