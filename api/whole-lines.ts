const newline = 0x0a

/** Lines are parsed so many bytes at a time: calls into the runtime cost more than the bytes. */
const blockBytes = 64 * 1024

/**
 * Cuts a body into blocks of whole lines, however its chunks fall. A block is valid until the next
 * one is asked for. A line above `maxLineBytes` comes as far as it was read, unfinished: memory does
 * not grow with it.
 */
export async function* wholeLines(
  chunks: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array = new Uint8Array(2 * blockBytes)
  let length = 0
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.byteLength; from += blockBytes) {
      const piece = chunk.subarray(from, from + blockBytes)
      held = withRoom(held, length, piece.byteLength)
      held.set(piece, length)
      length += piece.byteLength
      if (length < blockBytes) continue
      const end = held.lastIndexOf(newline, length - 1) + 1
      if (end === 0 && length <= maxLineBytes) continue
      yield held.subarray(0, end || length)
      held.copyWithin(0, end || length, length)
      length -= end || length
    }
  }
  if (length > 0) yield held.subarray(0, length)
}

function withRoom(held: Uint8Array, length: number, more: number): Uint8Array {
  if (length + more <= held.byteLength) return held
  const larger = new Uint8Array(2 * held.byteLength)
  larger.set(held.subarray(0, length))
  return larger
}
