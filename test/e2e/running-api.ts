import { expect } from 'vitest'
import { DemoClient } from '../../demo/client.ts'
import type { DemoOperation } from '../../demo/script.ts'
import { type Answer, get, post } from './http.ts'
import type { ServiceProcess } from './service-process.ts'

const settling = { timeout: 30_000, interval: 50 }

/** An API process, and what a client does with it. */
export class RunningApi {
  readonly process: ServiceProcess
  readonly url: string
  readonly client: DemoClient

  constructor(process: ServiceProcess, url: string) {
    this.process = process
    this.url = url
    this.client = new DemoClient(url)
  }

  write(operations: readonly DemoOperation[], traceparent?: string): Promise<Answer> {
    return post(`${this.url}/v1/writes`, { operations }, { ...(traceparent && { traceparent }) })
  }

  /** Writes operations, and resolves with the job once all are settled. */
  async applied(operations: readonly DemoOperation[]): Promise<Record<string, unknown>> {
    const { status, body } = await this.write(operations)
    expect(status).toBe(202)
    return this.settled(String(body.receipt))
  }

  async job(receipt: string): Promise<Record<string, unknown>> {
    return (await get(`${this.url}/v1/jobs/${receipt}`)).body
  }

  /** Resolves with a job once all of its operations are settled. */
  async settled(receipt: string): Promise<Record<string, unknown>> {
    await expect
      .poll(async () => (await this.job(receipt)).state, settling)
      .toMatch(/^done(_with_failures)?$/)
    return this.job(receipt)
  }
}
