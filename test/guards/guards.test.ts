import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { guards } from './guards.ts'
import { withEdit } from './source-copy.ts'

describe.each(guards)('the guard "$name"', ({ edits, tests }) => {
  test('stands where the list says, once', () => {
    const contents = new Map(edits.map(({ file }) => [file, readFileSync(file, 'utf8')]))
    for (const edit of edits) {
      const content = contents.get(edit.file)!
      const without = withEdit(content, edit)
      expect(without).not.toBe(content)
      contents.set(edit.file, without)
    }
  })

  test('has tests that are there', () => {
    expect(tests.filter((path) => !existsSync(path))).toEqual([])
  })
})

test('a text that is not there, or twice, is an error that names the file', () => {
  const edit = { file: 'db/fence.ts', text: 'x', instead: '' }
  expect(() => withEdit('abc', edit)).toThrow(/db\/fence.ts has this text 0 times/)
  expect(() => withEdit('x x', edit)).toThrow(/2 times, expected once/)
})

test('no two guards have one name', () => {
  expect(new Set(guards.map(({ name }) => name)).size).toBe(guards.length)
})
