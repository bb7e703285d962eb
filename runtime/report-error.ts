import { LogError, PublishError } from '../core/log.ts'
import { StoreError } from '../core/shard-store.ts'

/**
 * Tells of an error on standard error. What is made for people is told in a line; of all else the
 * stack, and nothing of what else an error may carry, such as SQL.
 */
export function reportError(where: string, error: unknown): void {
  console.error(`${where}: ${textOf(error)}`)
}

function textOf(error: unknown): string {
  // An error of the database's that has a cause is a mistake of ours that the cause tells of.
  if (error instanceof StoreError && error.cause !== undefined) return textOf(error.cause)
  const isToldInALine =
    error instanceof StoreError || error instanceof LogError || error instanceof PublishError
  if (isToldInALine || !(error instanceof Error)) return String(error)
  return error.stack ?? String(error)
}
