import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildOnce } from '../../setup/build-once.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('concurrent first starts build once, and the folder appears whole', async () => {
  const folder = join(temporaryFolder(), 'programs')
  let builds = 0
  const build = async (partial: string) => {
    builds++
    writeFileSync(join(partial, 'one'), '1')
    await new Promise(setImmediate)
    expect(existsSync(folder)).toBe(false)
    writeFileSync(join(partial, 'two'), '2')
  }

  await Promise.all([buildOnce(folder, build), buildOnce(folder, build), buildOnce(folder, build)])

  expect(builds).toBe(1)
  expect(readdirSync(folder)).toEqual(['one', 'two'])
})

test('a failed build leaves nothing behind, the next one starts anew', async () => {
  const parent = temporaryFolder()
  const folder = join(parent, 'programs')
  const failing = buildOnce(folder, async () => {
    throw new Error('disk full')
  })
  await expect(failing).rejects.toThrow('disk full')
  expect(readdirSync(parent)).toEqual(['programs.lock'])

  await buildOnce(folder, async (partial) => {
    writeFileSync(join(partial, 'one'), '1')
  })
  expect(readFileSync(join(folder, 'one'), 'utf8')).toBe('1')
})
