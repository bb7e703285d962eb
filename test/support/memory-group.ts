import type { Assignment, Membership } from '../../core/log.ts'
import type { Offset, ShardId } from '../../core/position.ts'
import { shardId } from '../../core/position.ts'
import { AssignmentFeed } from '../../log/assignment-feed.ts'

/** Shares a log's partitions out among its members, anew with each one that comes or goes. */
export class MemoryGroup {
  generation = 0
  readonly #partitions: number
  readonly #members = new Set<MemoryMember>()

  constructor(partitions: number) {
    this.#partitions = partitions
  }

  get members(): readonly MemoryMember[] {
    return [...this.#members]
  }

  join(member: MemoryMember): void {
    this.#members.add(member)
    this.shareOut()
  }

  /** The group goes on without a member, which hears nothing of it. */
  cutOff(member: MemoryMember): void {
    this.#members.delete(member)
    this.shareOut()
  }

  /** A new generation; partitions go round among the members unless the caller says whose they are. */
  shareOut(owner?: (shard: ShardId) => MemoryMember | undefined): void {
    this.generation++
    const members = [...this.#members]
    const shards = Array.from({ length: this.#partitions }, (_, n) => shardId(n))
    for (const member of members) {
      const isMine = (shard: ShardId) =>
        (owner ? owner(shard) : members[shard % members.length]) === member
      member.assign(this.generation, shards.filter(isMine))
    }
  }
}

export class MemoryMember implements Membership {
  readonly commits = new Map<ShardId, Offset>()
  rejoins = 0
  /** Thrown by the next rejoins, one each. */
  readonly rejoinFaults: Error[] = []
  readonly #group: MemoryGroup
  readonly #feed = new AssignmentFeed()

  constructor(group: MemoryGroup) {
    this.#group = group
    group.join(this)
  }

  assign(generation: number, shards: readonly ShardId[]): void {
    this.#feed.publish(generation, shards)
  }

  /** It learns that the group went on without it. */
  lose(): void {
    this.#feed.publishLoss()
  }

  next(seen: number): Promise<Assignment | undefined> {
    return this.#feed.next(seen)
  }

  async rejoin(): Promise<void> {
    this.rejoins++
    const fault = this.rejoinFaults.shift()
    if (fault) throw fault
    this.#group.join(this)
  }

  async commit(shard: ShardId, next: Offset): Promise<void> {
    this.commits.set(shard, next)
  }

  async leave(): Promise<void> {
    this.#feed.end()
    this.#group.cutOff(this)
  }
}
