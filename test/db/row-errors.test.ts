import { expect, test } from 'vitest'
import { otherErrors } from '../../db/other-errors.ts'
import { rowErrors } from '../../db/row-errors.ts'
import { isolationCases } from './isolation-cases.ts'

/** Spellings of others, and those of types and indexes that the tests do not have. */
const notProvoked: Readonly<Record<string, readonly number[]>> = {
  'older spellings of 1062, 1451 and 1452': [1022, 1169, 1586, 1216, 1217],
  'unique keys of children, through a cascading UPDATE of a key': [1761, 1762],
  'geometry columns': [1416, 3037, 3616, 3617, 3643],
  'indexes over expressions': [3751, 3752, 3903, 3904, 3905],
  'expressions of defaults and generated columns': [1301, 1365, 1367, 1411],
  'a row above a page, a JSON name above 64 KiB': [1118, 3151],
  'what a trigger’s own SELECT finds': [1172, 1242, 1329],
}

test('every error of rows is provoked by the cases of isolation, or it is said why not', () => {
  const known = rowErrors.flatMap(({ errors }) => Object.keys(errors).map(Number))
  const cases = new Set(isolationCases.map(({ errno }) => errno))
  const told = [...cases, ...Object.values(notProvoked).flat()]
  expect(told.sort((a, b) => a - b)).toEqual(known.sort((a, b) => a - b))
})

test('no error is in the tables twice', () => {
  const all = [
    ...rowErrors.flatMap(({ errors }) => Object.keys(errors)),
    ...otherErrors.flatMap(({ errors = {}, client = [] }) => [...Object.keys(errors), ...client]),
  ]
  expect(new Set(all).size).toBe(all.length)
})
