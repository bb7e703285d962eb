import type { Random } from './random.ts'

/**
 * What can go wrong, and how often at each chance that it has, where a seed takes it up. Each seed
 * has some of them, each at a strength of its own: with all of them always, the rare ones would
 * never be alone.
 */
const chances = {
  /** A worker's process is gone, at any call that it makes or answer that it gets. */
  crash: 0.002,
  /** A worker's process stands still, often for longer than its session, and then goes on. */
  pause: 0.0008,
  gracefulRestart: 0.01,
  /** The connection breaks before the server reads a command. */
  commandLost: 0.004,
  /** It breaks after the server ran a command: the effect is there, the answer is not. */
  answerLost: 0.004,
  commitAnswerLost: 0.04,
  claimAnswerLost: 0.04,
  /** The client gives up on a COMMIT that the server gets only later. */
  lateCommit: 0.02,
  /** No answer and no error, until somebody loses patience. */
  silence: 0.002,
  noConnection: 0.03,
  deadlock: 0.02,
  /** An online writer holds rows for longer than the lock wait. */
  lockWait: 0.01,
  slowStatement: 0.004,
  diskFull: 0.01,
  readOnly: 0.005,
  unknownError: 0.01,
  /** A table is missing for a while. */
  drift: 0.003,
  serverRestart: 0.02,
  /** The database is put back to what it was some transactions ago. */
  restore: 0.02,
  /** A replica that lacks the last transactions takes over, with connection numbers of its own. */
  failover: 0.02,
  pullFailed: 0.01,
  /** Messages were read, and got lost on their way. */
  pullAnswerLost: 0.02,
  /** A client of the log mixes up what it buffers, and leaves messages out. */
  pullSkips: 0.005,
  openFailed: 0.03,
  /** The partition's leader changes: no answer for a while. */
  leaderChange: 0.02,
  statusFailed: 0.02,
  controlFailed: 0.02,
  rebalance: 0.03,
  rejoinFailed: 0.2,
  joinFailed: 0.05,
  lateAssignment: 0.2,
  undecodable: 0.08,
  /** APIs send what workers do not know before they are upgraded too. */
  newType: 0.15,
  jobCancelled: 0.2,
  /** The API dies amid a request, and its client sends it again. */
  requestCutOff: 0.1,
  requestSentAgain: 0.3,
  keyReused: 0.1,
  /** The next requests come after the keys of the ones before have run out. */
  dayPassed: 0.05,
  jobRetried: 0.15,
} as const

export type Fault = keyof typeof chances
export const faults = Object.keys(chances) as Fault[]

/** Of the faults, those that a seed takes up. */
const share = 0.6

/** Decides where things go wrong, and counts how often they did. */
export class Faults {
  /** Nothing goes wrong from now on. */
  areOver = false
  readonly counts = new Map<string, number>()
  readonly #random: Random
  readonly #chances: ReadonlyMap<Fault, number>

  constructor(random: Random) {
    this.#random = random
    this.#chances = new Map(
      faults.map((fault) => {
        const strength = random.chance(share) ? 4 ** (random.next() * 2 - 1) : 0
        return [fault, chances[fault] * strength]
      }),
    )
  }

  happens(fault: Fault): boolean {
    if (this.areOver || !this.#random.chance(this.#chances.get(fault)!)) return false
    this.count(fault)
    return true
  }

  /** Also for what is worth knowing and is no fault. */
  count(what: string, times = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times)
  }
}
