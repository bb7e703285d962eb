import type { Operation } from '../../core/operation.ts'
import type {
  OperationTooLarge,
  ShardBatchingOptions,
  ShardMessage,
} from '../../core/shard-batching.ts'
import { ShardBatcher } from '../../core/shard-batching.ts'

/** A whole request as messages, where nobody knows how many bytes its operations came in. */
export function batchByShard(
  operations: Iterable<Operation>,
  options: Omit<ShardBatchingOptions, 'onTooLarge'>,
): { readonly messages: readonly ShardMessage[]; readonly tooLarge: OperationTooLarge[] } {
  const tooLarge: OperationTooLarge[] = []
  const batcher = new ShardBatcher({ ...options, onTooLarge: (found) => tooLarge.push(found) })
  for (const operation of operations) batcher.add(operation, 0)
  return { messages: batcher.finish(), tooLarge }
}
