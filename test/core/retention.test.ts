import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Offset, offset } from '../../core/position.ts'
import {
  clockToleranceMs,
  noteIntervalMs,
  type PastPosition,
  planRetention,
} from '../../core/retention.ts'

const retainMs = 3_600_000
const everyMs = noteIntervalMs(retainMs)

interface State {
  readonly atMs: number
  readonly position: number
  readonly notes: readonly PastPosition[]
}

/** A shard, its log and true time; what a worker and others do to them. */
class Story {
  trueMs = 1e9
  /** How far the clock was set back in all. */
  behindMs = 0
  position = 0
  notes: readonly PastPosition[] = []
  trimmed = 0
  readonly states: State[] = []

  apply(messages: number, forMs: number): void {
    this.trueMs += forMs
    this.position += messages
    this.#keep()
  }

  round(): void {
    const nowMs = this.trueMs - this.behindMs
    const history = { nowMs, offset: offset(this.position), past: this.notes }
    const { isNoteDue, trimBefore, forgetBefore } = planRetention(history, retainMs)
    if (isNoteDue) {
      const id = (this.notes.at(-1)?.id ?? 0) + 1
      this.notes = [...this.notes, { id, atMs: nowMs, offset: offset(this.position) }]
    }
    if (trimBefore !== undefined) this.trim(trimBefore)
    if (forgetBefore !== undefined) {
      this.notes = this.notes.filter(({ id }) => id >= forgetBefore)
    }
    this.#keep()
  }

  trim(before: Offset): void {
    const stood = [this, ...this.restorable].map(({ position }) => position)
    expect(before).toBeLessThanOrEqual(Math.min(...stood))
    this.trimmed = Math.max(this.trimmed, before)
  }

  /** The states that a backup may bring back: they are not older than the retention. */
  get restorable(): readonly State[] {
    return this.states.filter(({ atMs }) => atMs >= this.trueMs - retainMs)
  }

  restore(which: number): void {
    const { restorable } = this
    const state = restorable[Math.floor(which * restorable.length)]
    if (!state) return
    expect(this.trimmed).toBeLessThanOrEqual(state.position)
    this.position = state.position
    this.notes = state.notes
    this.#keep()
  }

  /** An operator has it apply again what the log still holds. The worker looks soon after. */
  moveBack(share: number): void {
    this.position = this.trimmed + Math.floor((this.position - this.trimmed) * share)
    this.round()
  }

  #keep(): void {
    this.states.push({ atMs: this.trueMs, position: this.position, notes: this.notes })
  }
}

const share = fc.double({ min: 0, max: 0.999, noNaN: true })
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        step: fc.constant('apply' as const),
        messages: fc.nat(50),
        forMs: fc.oneof(fc.nat(2 * everyMs), fc.nat(2 * retainMs)),
      }),
    },
    { weight: 6, arbitrary: fc.record({ step: fc.constant('round' as const) }) },
    { weight: 1, arbitrary: fc.record({ step: fc.constant('restore' as const), which: share }) },
    { weight: 1, arbitrary: fc.record({ step: fc.constant('moveBack' as const), share }) },
    {
      weight: 1,
      arbitrary: fc.record({ step: fc.constant('setBack' as const), ms: fc.nat(3 * retainMs) }),
    },
  ),
  { maxLength: 120 },
)

describe('retention', () => {
  it('keeps all that a state of the last hours, restored, has to apply again', () => {
    fc.assert(
      fc.property(steps, (given) => {
        const story = new Story()
        for (const one of given) {
          switch (one.step) {
            case 'apply':
              story.apply(one.messages, one.forMs)
              break
            case 'round':
              story.round()
              break
            case 'restore':
              story.restore(one.which)
              break
            case 'moveBack':
              story.moveBack(one.share)
              break
            case 'setBack':
              story.behindMs += one.ms
              break
            default:
              one satisfies never
          }
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('lets go of what was applied before, once it was looked at soon enough', () => {
    const gaps = fc.array(fc.record({ forMs: fc.nat(everyMs), messages: fc.nat(3) }), {
      minLength: 700,
      maxLength: 1200,
    })
    fc.assert(
      fc.property(gaps, (given) => {
        const story = new Story()
        for (const { forMs, messages } of given) {
          story.apply(messages, forMs)
          story.round()
          const longAgo = story.trueMs - retainMs - 3 * everyMs
          const old = story.states.findLast(({ atMs }) => atMs <= longAgo)
          expect(story.trimmed).toBeGreaterThanOrEqual(old?.position ?? 0)
          // One note for each part of the retention, however often it is looked at.
          expect(story.notes.length).toBeLessThanOrEqual(503)
        }
      }),
      // Its steps are too many to shrink.
      { numRuns: 10, endOnFailure: true },
    )
  })

  it('keeps what is not applied, however long the shard stands still', () => {
    const story = new Story()
    story.apply(10, 1000)
    story.round()
    for (let day = 0; day < 30; day++) {
      story.apply(0, 86_400_000)
      story.round()
    }
    expect(story.trimmed).toBe(10)
    expect(story.notes).toHaveLength(1)
  })

  it('goes on from the newest note that is old enough, and needs none before it', () => {
    const past = [10, 20, 30].map((at, i) => ({ id: i + 1, atMs: at * 1000, offset: offset(at) }))
    const at = (nowMs: number) => planRetention({ nowMs, offset: offset(40), past }, 5000)
    expect(at(14_999)).toMatchObject({ trimBefore: undefined, forgetBefore: undefined })
    expect(at(15_000)).toMatchObject({ trimBefore: 10, forgetBefore: 1 })
    expect(at(34_999)).toMatchObject({ trimBefore: 20, forgetBefore: 2 })
    expect(at(35_000)).toMatchObject({ trimBefore: 30, forgetBefore: 3 })
  })

  it('keeps what a longer retention asks for from then on, and drops at once by a shorter one', () => {
    const past = [10, 20, 30].map((at, i) => ({ id: i + 1, atMs: at * 1000, offset: offset(at) }))
    const by = (retain: number) =>
      planRetention({ nowMs: 40_000, offset: offset(40), past }, retain).trimBefore
    expect([by(60_000), by(25_000), by(10_000)]).toEqual([undefined, 10, 30])
  })

  it('notes a shard that moves once in a while, one that stands still once, and one set back', () => {
    const isDue = (atMs: number, now: { atMs: number; offset: number }) =>
      planRetention(
        {
          nowMs: now.atMs,
          offset: offset(now.offset),
          past: [{ id: 1, atMs, offset: offset(5) }],
        },
        retainMs,
      ).isNoteDue
    expect(isDue(0, { atMs: everyMs - 1, offset: 9 })).toBe(false)
    expect(isDue(0, { atMs: everyMs, offset: 9 })).toBe(true)
    expect(isDue(0, { atMs: everyMs, offset: 5 })).toBe(false)
    expect(isDue(0, { atMs: 1, offset: 2 })).toBe(true)
    // The clock was set back: what is noted now must not seem older than it is.
    expect(isDue(1000, { atMs: 0, offset: 9 })).toBe(true)
    expect(planRetention({ nowMs: 0, offset: offset(0), past: [] }, retainMs).isNoteDue).toBe(true)
  })

  it('bears clocks that differ by a part of it, or by minutes', () => {
    expect(clockToleranceMs(1000)).toBe(300_000)
    expect(clockToleranceMs(168 * 3_600_000)).toBe(8.4 * 3_600_000)
  })
})
