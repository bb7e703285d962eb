import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TokenBucket } from '../../core/token-bucket.ts'
import { chargePermits, returnPermits, takePermits, tokenBucket } from '../../core/token-bucket.ts'

/** Far below a permit's spacing, far above what a double loses. */
const slackMs = 1e-6

const rates = fc.double({ min: 0.1, max: 10_000, noNaN: true })
const takes = fc.array(
  fc.record({
    /** How long a window takes to apply, or how long nothing comes. */
    gapMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 50, noNaN: true }), fc.nat(3_600_000)),
    permits: fc.integer({ min: 1, max: 8 }),
  }),
  { minLength: 2, maxLength: 60 },
)

interface Taken {
  readonly atMs: number
  readonly permits: number
}

describe('a token bucket', () => {
  it('never gives more than its rate and one window’s permits in any interval', () => {
    fc.assert(
      fc.property(rates, takes, fc.nat(1e9), (rate, schedule, startMs) => {
        let bucket = tokenBucket(rate)
        let nowMs = startMs
        const taken: Taken[] = []
        for (const { gapMs, permits } of schedule) {
          const { bucket: next, waitMs } = takePermits(bucket, permits, nowMs)
          expect(waitMs).toBeGreaterThanOrEqual(0)
          bucket = next
          nowMs += waitMs
          taken.push({ atMs: nowMs, permits })
          nowMs += gapMs
        }
        expectWithinRate(taken, rate)
      }),
    )
  })

  it('holds where some of what was taken is given back: what was used keeps within the rate', () => {
    fc.assert(
      fc.property(
        rates,
        takes,
        fc.array(fc.nat(8), { minLength: 60 }),
        (rate, schedule, unused) => {
          let bucket = tokenBucket(rate)
          let nowMs = 0
          const used: Taken[] = []
          for (const [i, { gapMs, permits }] of schedule.entries()) {
            const { bucket: next, waitMs } = takePermits(bucket, permits, nowMs)
            const returned = Math.min(permits, unused[i]!)
            nowMs += waitMs
            if (permits > returned) used.push({ atMs: nowMs, permits: permits - returned })
            nowMs += gapMs
            bucket = returnPermits(next, returned)
          }
          expectWithinRate(used, rate)
        },
      ),
    )
  })

  it('gives what was given back to the next one, and saves nothing up', () => {
    const taken = takePermits(tokenBucket(10), 8, 0).bucket
    expect(takePermits(returnPermits(taken, 8), 1, 0).waitMs).toBe(0)
    expect(takePermits(returnPermits(taken, 7), 1, 0).waitMs).toBeCloseTo(100)
    const later = takePermits(returnPermits(taken, 8), 1, 60_000)
    expect(later.bucket).toEqual(takePermits(tokenBucket(10), 1, 60_000).bucket)
  })

  it('holds for takers that do not wait for each other', () => {
    fc.assert(
      fc.property(rates, takes, (rate, schedule) => {
        let bucket = tokenBucket(rate)
        let nowMs = 0
        const taken: Taken[] = []
        for (const { gapMs, permits } of schedule) {
          const { bucket: next, waitMs } = takePermits(bucket, permits, nowMs)
          bucket = next
          taken.push({ atMs: nowMs + waitMs, permits })
          nowMs += Math.min(gapMs, 5)
        }
        expectWithinRate(taken, rate)
      }),
    )
  })

  it('gives the first permits at once, and saves none up while idle', () => {
    const first = takePermits(tokenBucket(10), 3, 5000)
    expect(first.waitMs).toBe(0)
    const anHourLater = 5000 + 3_600_000
    const second = takePermits(first.bucket, 1, anHourLater)
    expect(second.waitMs).toBe(0)
    expect(takePermits(second.bucket, 1, anHourLater).waitMs).toBe(100)
  })

  it.each([10, 100, 700])(
    'holds %d permits a second within 0.1 %% although every wait ends late',
    (rate) => {
      const permits = Math.max(1, Math.floor(rate / 100))
      const minuteMs = 60_000
      let bucket = tokenBucket(rate)
      let nowMs = 0
      let given = 0
      for (let i = 0; nowMs < minuteMs; i++) {
        const taken = takePermits(bucket, permits, nowMs)
        bucket = taken.bucket
        given += permits
        // A timer's lateness and a window's own time, together below the windows' spacing.
        nowMs += taken.waitMs + (i % 7) * 0.3 + (i % 3) * 2
      }
      expect(Math.abs(given / (rate * (minuteMs / 1000)) - 1)).toBeLessThan(0.001 + permits / given)
    },
  )

  it('makes the next one wait for permits that were used on credit', () => {
    const { bucket } = takePermits(tokenBucket(100), 1, 0)
    expect(takePermits(chargePermits(bucket, 30, 0), 1, 0).waitMs).toBe(310)
    // A debt that time has paid is gone.
    expect(takePermits(chargePermits(bucket, 30, 0), 1, 400).waitMs).toBe(0)
  })

  it('without a limit never waits', () => {
    let bucket: TokenBucket = tokenBucket(Infinity)
    for (let i = 0; i < 5; i++) {
      const taken = takePermits(bucket, 8, 1000)
      expect(taken.waitMs).toBe(0)
      bucket = taken.bucket
    }
  })

  it.each([0, -1, Number.NaN])('refuses the rate %d', (rate) => {
    expect(() => tokenBucket(rate)).toThrow(`above 0 permits per second, not ${rate}`)
  })
})

/** In any interval from one take to another, at most the rate's worth and the last take's permits. */
function expectWithinRate(taken: readonly Taken[], rate: number): void {
  for (let from = 0; from < taken.length; from++) {
    let permits = 0
    for (let to = from; to < taken.length; to++) {
      const worth = ((taken[to]!.atMs - taken[from]!.atMs + slackMs) * rate) / 1000
      expect(permits).toBeLessThanOrEqual(worth)
      permits += taken[to]!.permits
    }
  }
}
