import type { DemoOperation } from '../../demo/script.ts'

const createdAt = '2026-11-23T03:04:05.123Z'

export function createUser(id: string): DemoOperation {
  const object = { id, username: `user ${id}`, email: `${id}@example.com`, createdAt }
  return { type: 'user', op: 'create', object }
}

export function createPin(id: string, userId: string, title = `pin ${id}`): DemoOperation {
  return { type: 'pin', op: 'create', object: { id, userId, boardId: '1', title, createdAt } }
}

export function incrementSaves(id: string, userId: string, saves: number): DemoOperation {
  return { type: 'pin', op: 'increment', object: { id, userId }, by: { saves } }
}
