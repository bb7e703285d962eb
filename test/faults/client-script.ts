import type { DemoOperation } from '../../demo/script.ts'
import type { Random } from './random.ts'

/** Each client writes to objects of its own: what they must be does not depend on the others. */
const idsPerClient = 1_000_000
/** Whose pins they are, which decides the shard. */
const users = 64
/** Pins that a client writes to once more; older ones rest. */
const liveliest = 60
const createdAt = '2026-11-23T03:04:05.123+00:00'

/** How many operations of each sort a request has. */
const mix = {
  create: 7,
  increment: 6,
  update: 3,
  upsert: 2,
  delete: 2,
  createAgain: 1,
  updateMissing: 1,
} as const

/** A word in the titles that updates set, by which their statement can be seen on the wire. */
export const updateMark = 'renamed by'

/** What one client sends: all kinds of operations, some of which must fail. */
export class ClientScript {
  readonly #random: Random
  readonly #firstId: number
  readonly #belowZero: boolean
  #created = 0
  #pins: string[] = []

  constructor(client: number, random: Random, belowZero: boolean) {
    this.#random = random
    this.#belowZero = belowZero
    this.#firstId = (client + 1) * idsPerClient
  }

  next(): DemoOperation[] {
    const operations: DemoOperation[] = []
    for (let i = 0; i < mix.create; i++) operations.push(this.#create())
    for (let i = 0; i < mix.increment; i++) {
      const by = { saves: this.#random.between(1, 9) }
      operations.push({ type: 'pin', op: 'increment', object: this.#any(), by })
    }
    for (let i = 0; i < mix.update; i++) {
      const title = `${updateMark} ${this.#random.between(1, 1e9)}`
      operations.push({ type: 'pin', op: 'update', object: { ...this.#any(), title } })
    }
    for (let i = 0; i < mix.upsert; i++) {
      const link = `https://example.com/${this.#random.between(1, 1e9)}`
      operations.push({ type: 'pin', op: 'upsert', object: { ...pin(this.#pick()), link } })
    }
    for (let i = 0; i < mix.createAgain; i++) {
      operations.push({ type: 'pin', op: 'create', object: pin(this.#pick()) })
    }
    for (let i = 0; i < mix.delete; i++) {
      operations.push({ type: 'pin', op: 'delete', object: keyOf(this.#takeOut()) })
    }
    for (let i = 0; i < mix.updateMissing; i++) {
      const missing = keyOf(String(this.#firstId - 1 - this.#created))
      operations.push({ type: 'pin', op: 'update', object: { ...missing, title: 'missing' } })
    }
    if (this.#belowZero) {
      const by = { saves: -1_000_000_000 }
      operations.push({ type: 'pin', op: 'increment', object: this.#any(), by })
    }
    this.#pins = this.#pins.slice(-liveliest)
    return operations
  }

  #create(): DemoOperation {
    const id = String(this.#firstId + this.#created++)
    this.#pins.push(id)
    return { type: 'pin', op: 'create', object: pin(id) }
  }

  #any() {
    return keyOf(this.#pick())
  }

  #pick(): string {
    return this.#random.pick(this.#pins)
  }

  #takeOut(): string {
    const id = this.#pick()
    this.#pins = this.#pins.filter((other) => other !== id)
    return id
  }
}

function keyOf(id: string) {
  return { id, userId: String((Number(id) % users) + 1) }
}

function pin(id: string) {
  return { ...keyOf(id), boardId: '1', title: `pin ${id}`, createdAt }
}
