import type { DemoOperation } from '../../demo/script.ts'

const createdAt = '2026-11-23T03:04:05.123Z'

export function createUser(id: string): DemoOperation {
  const object = { id, username: `user ${id}`, email: `${id}@example.com`, createdAt }
  return { type: 'user', op: 'create', object }
}

/** A pin of a user; another `title` makes it another pin for triggers that look at it. */
export function createPin(id: string, userId: string, title = `pin ${id}`): DemoOperation {
  return { type: 'pin', op: 'create', object: { id, userId, boardId: '1', title, createdAt } }
}
