import type { Operation, OperationKind, WireObject } from '../../core/operation.ts'

/** Operations on the sample type `note`, numbered in the order in which they are made. */
export function noteOperations() {
  let index = 0
  const make = (kind: OperationKind, id: number, values: WireObject = {}, by?: WireObject) => {
    const object = { id: String(id), userId: '7', ...values }
    const operation: Operation = { index: index++, type: 'note', kind, object }
    return by ? { ...operation, by } : operation
  }
  return {
    create: (id: number, values?: WireObject) => make('create', id, values),
    upsert: (id: number, values?: WireObject) => make('upsert', id, values),
    update: (id: number, values?: WireObject) => make('update', id, values),
    increment: (id: number, by: WireObject) => make('increment', id, {}, by),
    delete: (id: number) => make('delete', id),
  }
}

/** So many creates of notes, from id 1 on. */
export function creates(count: number, firstId = 1): Operation[] {
  const note = noteOperations()
  return Array.from({ length: count }, (_, i) => note.create(firstId + i, { title: 'a' }))
}
