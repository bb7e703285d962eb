import { expect, it } from 'vitest'
import { nearestName } from '../../config/nearest-name.ts'

it('finds the name that was meant, and none where nothing is close', () => {
  const known = ['rowsPerStatement', 'ordered', 'version']
  expect(nearestName('rowsPerStatment', known)).toBe('rowsPerStatement')
  expect(nearestName('orderd', known)).toBe('ordered')
  expect(nearestName('tables', known)).toBeUndefined()
  expect(nearestName('', known)).toBeUndefined()
})
