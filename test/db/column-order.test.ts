import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { compareBase64, compareCodePoints } from '../../db/columns/order.ts'

it('orders texts by code point, which is the order of their bytes in UTF-8', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\uffee', '𝄞', '\ud7ff', '😀') })
  fc.assert(
    fc.property(text, text, (a, b) => {
      const expected = Buffer.compare(Buffer.from(a), Buffer.from(b))
      expect(Math.sign(compareCodePoints(a, b))).toBe(expected)
    }),
  )
})

it('orders base64 by the bytes it stands for', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ maxLength: 6 }), (a, b) => {
      const [left, right] = [a, b].map((bytes) => Buffer.from(bytes).toString('base64'))
      expect(Math.sign(compareBase64(left!, right!))).toBe(Buffer.compare(a, b))
    }),
  )
})
