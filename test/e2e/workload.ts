import { expect } from 'vitest'
import { readCities } from '../../demo/cities.ts'
import { compare } from '../../demo/compare.ts'
import { DemoModel } from '../../demo/model.ts'
import { type DemoOperation, demoPhases } from '../../demo/script.ts'
import { DemoSender } from '../../demo/sender.ts'
import type { Deployment } from './deployment.ts'
import { post } from './http.ts'
import type { RunningApi } from './running-api.ts'

interface JobCounts {
  readonly accepted: number
  readonly applied: number
  readonly superseded: number
  readonly failed: number
  readonly pending: number
}

const settling = { timeout: 60_000, interval: 200 }
/** Shares of the operations between which a stream counts as under way. */
const [underWayFrom, underWayTo] = [0.1, 0.8]

/**
 * The demo's operations on a few cities: creates, updates, increments, upserts and deletes, with
 * repeated keys and operations that must fail. What they must lead to is known from its model.
 */
export class Workload {
  readonly #deployment: Deployment
  readonly #api: RunningApi
  readonly #model = new DemoModel()
  readonly #sender: DemoSender
  readonly #phases: readonly (readonly DemoOperation[])[]
  readonly #total: number

  constructor(deployment: Deployment, api: RunningApi, cities: number) {
    this.#deployment = deployment
    this.#api = api
    this.#sender = new DemoSender(api.client, this.#model)
    this.#phases = demoPhases(readCities(cities)).map(({ operations }) => [...operations])
    this.#total = this.#phases.reduce((sum, { length }) => sum + length, 0)
  }

  async send(): Promise<void> {
    for (const operations of this.#phases) await this.#sender.send(operations, async () => {})
  }

  /** Resolves once some operations are settled and some are not. */
  async isUnderWay(): Promise<void> {
    const limits = { timeout: 20_000, interval: 50 }
    await expect.poll(() => this.#settled(), limits).toBeGreaterThan(this.#total * underWayFrom)
    expect(await this.#settled()).toBeLessThan(this.#total * underWayTo)
  }

  /** Waits for all jobs, then holds every row, every failure and every count against the model. */
  async check(): Promise<void> {
    const { jobs } = this.#sender
    await expect.poll(() => this.#settled(), settling).toBe(this.#total)
    const shardUrls = this.#deployment.shardUrls
    const { differences } = await compare(shardUrls, this.#model, this.#api.client, jobs)
    expect(differences).toEqual([])
    for (const { accepted, applied, superseded, failed } of await this.#jobs()) {
      expect(applied + superseded + failed).toBe(accepted)
    }
  }

  async #settled(): Promise<number> {
    const jobs = await this.#jobs()
    return jobs.reduce((sum, { accepted, pending }) => sum + accepted - pending, 0)
  }

  async #jobs(): Promise<readonly JobCounts[]> {
    const receipts = this.#sender.jobs.map(({ receipt }) => receipt)
    if (receipts.length === 0) return []
    const { body } = await post(`${this.#api.url}/v1/jobs/lookup`, { receipts })
    return body.jobs as JobCounts[]
  }
}
