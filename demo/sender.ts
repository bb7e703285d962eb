import type { DemoClient, DemoJob } from './client.ts'
import type { DemoModel } from './model.ts'
import type { DemoOperation } from './script.ts'

const operationsPerRequest = 1000

/** Sends operations in requests, one after the other, and applies them to the model as well. */
export class DemoSender {
  readonly jobs: DemoJob[] = []
  operations = 0
  readonly #client: DemoClient
  readonly #model: DemoModel

  constructor(client: DemoClient, model: DemoModel) {
    this.#client = client
    this.#model = model
  }

  async send(
    operations: Iterable<DemoOperation>,
    onRequest: (requests: number) => Promise<void>,
  ): Promise<void> {
    let batch: DemoOperation[] = []
    let requests = 0
    for (const operation of operations) {
      batch.push(operation)
      if (batch.length < operationsPerRequest) continue
      await this.#request(batch)
      batch = []
      await onRequest(++requests)
    }
    if (batch.length > 0) await this.#request(batch)
  }

  /** Each of these holds one valid operation beside the invalid one; neither may be published. */
  async sendInvalid(): Promise<void> {
    const valid = { type: 'user', op: 'delete', object: { id: '1' } }
    const invalid = [
      { type: 'pin', op: 'create', object: { id: '1' } },
      { type: 'pin', op: 'update', object: { id: 'one', userId: '1', title: 'x' } },
      { type: 'pin', op: 'update', object: { id: '1', userId: '1', title: 'x'.repeat(201) } },
      { type: 'village', op: 'delete', object: { id: '1' } },
    ]
    for (const operation of invalid) {
      if (await this.#client.isRefused([valid, operation])) continue
      throw new Error(
        `an invalid operation was accepted: ${JSON.stringify(operation).slice(0, 80)}`,
      )
    }
  }

  async #request(operations: readonly DemoOperation[]): Promise<void> {
    const receipt = await this.#client.write(operations)
    const expected = new Map<number, string>()
    for (const [index, operation] of operations.entries()) {
      const failure = this.#model.apply(operation)
      if (failure) expected.set(index, failure)
    }
    this.jobs.push({ receipt, expected })
    this.operations += operations.length
  }
}
