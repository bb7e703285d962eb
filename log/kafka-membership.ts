import type { Assignment, Membership } from '../core/log.ts'
import type { Offset, ShardId } from '../core/position.ts'
import { AssignmentFeed } from './assignment-feed.ts'
import type { KafkaMember } from './kafka-client.ts'
import { OffsetReports } from './offset-reports.ts'

const joinRetryMs = 500

type NewMember = (onAssigned: (assignment: Assignment) => void) => KafkaMember

/** This process's place in the group of workers, over as many stays as it takes. */
export class KafkaMembership implements Membership {
  readonly #newMember: NewMember
  readonly #feed = new AssignmentFeed()
  readonly #reports = new OffsetReports(async (offsets) => this.#member?.commit(offsets))
  readonly #left = Promise.withResolvers<void>()
  readonly #running: Promise<void>
  #member: KafkaMember | undefined
  #isLeaving = false

  constructor(newMember: NewMember) {
    this.#newMember = newMember
    this.#running = this.#run()
  }

  next(seen: number): Promise<Assignment | undefined> {
    return this.#feed.next(seen)
  }

  /** The next assignment is of a new stay, so its generation is newer than any of this one. */
  async rejoin(): Promise<void> {
    this.#member?.end()
  }

  async commit(shard: ShardId, next: Offset): Promise<void> {
    this.#reports.report(shard, next)
  }

  async leave(): Promise<void> {
    this.#isLeaving = true
    await this.#reports.flush()
    this.#left.resolve()
    this.#member?.end()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isLeaving) {
      const member = this.#newMember(({ generation, shards }) => {
        if (member === this.#member) this.#feed.publish(generation, shards)
      })
      this.#member = member
      const stayed = await member.stay().then(
        () => true,
        () => false,
      )
      this.#member = undefined
      this.#feed.publishLoss()
      if (!stayed) await Promise.race([pause(joinRetryMs), this.#left.promise])
    }
    this.#feed.end()
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
