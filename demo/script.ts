import type { OperationKind, WireObject } from '../core/operation.ts'
import type { DemoData, DemoPin } from './cities.ts'

/** An operation as a client sends it. */
export interface DemoOperation {
  readonly type: 'user' | 'board' | 'pin'
  readonly op: OperationKind
  readonly object: WireObject
  readonly by?: WireObject
}

export interface DemoPhase {
  readonly name: string
  readonly operations: Iterable<DemoOperation>
}

const createdAt = '2026-11-23T03:04:05.123+00:00'

/** What the demo sends, phase by phase: 1 % of keys repeated, 0.1 % of operations bad. */
export function demoPhases({ users, boards, pins }: DemoData): readonly DemoPhase[] {
  return [
    {
      name: 'create users',
      operations: users.map((user) => ({ type: 'user', op: 'create', object: userObject(user) })),
    },
    {
      name: 'create boards',
      operations: boards.map((board) => ({
        type: 'board',
        op: 'create',
        object: { ...board, createdAt },
      })),
    },
    { name: 'create pins', operations: createPins(pins) },
    { name: 'update pins', operations: updatePins(pins) },
    { name: 'increment saves', operations: incrementSaves(pins) },
    { name: 'upsert pins', operations: upsertPins(pins) },
    { name: 'delete pins', operations: deletePins(pins) },
  ]
}

function userObject({ id, username }: { id: string; username: string }): WireObject {
  return { id, username, email: `${username}@example.com`, createdAt }
}

/** Every hundredth city comes again under another title: it exists already. */
function* createPins(pins: readonly DemoPin[]): Generator<DemoOperation> {
  for (const [i, pin] of pins.entries()) {
    yield { type: 'pin', op: 'create', object: pinObject(pin) }
    if (i % 100 !== 99) continue
    const earlier = pins[i - (i % 3) * 30]!
    yield { type: 'pin', op: 'create', object: { ...pinObject(earlier), title: 'again' } }
  }
}

/** Every second city, each with another set of columns; a thousandth of them is not there. */
function* updatePins(pins: readonly DemoPin[]): Generator<DemoOperation> {
  for (let i = 0; i < pins.length; i += 2) {
    const { id, userId, title, population } = pins[i]!
    const isMissing = i % 2000 === 0
    const object: Record<string, WireObject[string]> = {
      id: isMissing ? `9${id}` : id,
      userId,
    }
    if (i % 3 === 0) object.title = `${title} (${population})`
    if (i % 4 === 0) object.link = `https://example.com/cities/${id}`
    if (i % 3 !== 0 && i % 4 !== 0) object.metadata = { population, updated: true }
    yield { type: 'pin', op: 'update', object }
  }
}

/** Every third city; a thousandth would fall below zero. */
function* incrementSaves(pins: readonly DemoPin[]): Generator<DemoOperation> {
  for (let i = 0; i < pins.length; i += 3) {
    const { id, userId, population } = pins[i]!
    const saves = i % 3000 === 0 ? -2_000_000_000 : population % 1000
    yield { type: 'pin', op: 'increment', object: { id, userId }, by: { saves } }
  }
}

/** Every fifth city; a hundredth of them under an id that is new. */
function* upsertPins(pins: readonly DemoPin[]): Generator<DemoOperation> {
  for (let i = 0; i < pins.length; i += 5) {
    const pin = pins[i]!
    const id = i % 500 === 0 ? `8${pin.id}` : pin.id
    yield {
      type: 'pin',
      op: 'upsert',
      object: { ...pinObject(pin), id, title: pin.title.toUpperCase() },
    }
  }
}

/** Every seventh city; some are written to again, which is too late. */
function* deletePins(pins: readonly DemoPin[]): Generator<DemoOperation> {
  for (let i = 0; i < pins.length; i += 7) {
    const { id, userId } = pins[i]!
    yield { type: 'pin', op: 'delete', object: { id, userId } }
    if (i % 7000 === 0)
      yield { type: 'pin', op: 'update', object: { id, userId, title: 'too late' } }
  }
}

function pinObject(pin: DemoPin): WireObject {
  const { id, userId, boardId, title, population, coordinates } = pin
  return { id, userId, boardId, title, metadata: { population, coordinates }, createdAt }
}
