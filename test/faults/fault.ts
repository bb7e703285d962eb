import type { Runtime } from '../e2e/commands.ts'
import type { DeploymentConfig } from '../e2e/deployment-config.ts'
import type { FaultWorld } from './world.ts'

/** Something that goes wrong again and again under load, after which every row is compared. */
export interface Fault {
  /** For `--only`. */
  readonly name: string
  /** What happens, for the table. */
  readonly what: string
  /** Tries of the full run; the short one does a quarter. */
  readonly count: number
  /** In the part that `npm test` runs, if it is in it: the seed chooses among those not always done. */
  readonly inTests?: { readonly tries: number; readonly always?: true }
  readonly stage?: Stage
  /** For a MySQL of its own, started with these options. */
  readonly mysqlOptions?: readonly string[]
  /** Once, before the first try. */
  prepare?(world: FaultWorld): Promise<void>
  /** One try: the deed, and what must hold besides the comparison. Rejects if it does not hold. */
  attempt(world: FaultWorld, n: number): Promise<void>
  /** Once, after the last try, with the load still on. */
  finish?(world: FaultWorld): Promise<void>
  /** Once all was compared, whatever came of it: stops what the tries started. */
  clearAway?(world: FaultWorld): Promise<void>
}

/** What is set up before the first try. */
export interface Stage {
  /** Kafka, unless it says otherwise. */
  readonly log?: 'embedded'
  readonly shards?: number
  readonly workers?: readonly Runtime[]
  readonly api?: Runtime
  readonly clients?: number
  /** Between two requests of a client. */
  readonly pauseMs?: number
  /** Whether each request also holds an operation that only MySQL can refuse. */
  readonly belowZero?: boolean
  readonly statementsPerSecond?: number
  readonly config?: Omit<DeploymentConfig, 'databases'>
  /** Whether writes come during the tries; they do unless it says no. */
  readonly load?: boolean
}
