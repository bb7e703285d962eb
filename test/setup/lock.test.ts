import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { acquireSqliteLock } from '../../log/sqlite-lock.ts'
import { takeShare, withLock } from '../../setup/lock.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('works under one lock run one after another', async () => {
  const file = join(temporaryFolder(), 'lock')
  let inside = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++inside)
    await new Promise(setImmediate)
    inside--
  }

  await Promise.all([withLock(file, work), withLock(file, work), withLock(file, work)])

  expect(most).toBe(1)
})

test('a lock is freed when the work fails', async () => {
  const file = join(temporaryFolder(), 'lock')
  const failing = withLock(file, async () => {
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(await withLock(file, async () => 'next')).toBe('next')
})

test('a killed process frees its lock', async () => {
  const file = join(temporaryFolder(), 'lock')
  const child = await otherProcess('withLock', file)
  expect(acquireSqliteLock(file)).toBeUndefined()

  child.kill('SIGKILL')
  await once(child, 'exit')

  expect(await withLock(file, async () => 'next')).toBe('next')
})

test('the last user is told so, killed ones do not count', async () => {
  const file = join(temporaryFolder(), 'users')
  const [mine, second] = [takeShare(file), takeShare(file)]
  const child = await otherProcess('takeShare', file)
  expect(second.release()).toBe(false)

  child.kill('SIGKILL')
  await once(child, 'exit')

  expect(mine.release()).toBe(true)
})

/** Another process that holds the lock or share and then waits. */
async function otherProcess(what: 'withLock' | 'takeShare', file: string) {
  // What nothing refers to may be collected, and closes its file: the work has to be kept.
  const script = `
    import { ${what} } from ${JSON.stringify(resolve('setup/lock.ts'))}
    globalThis.held = ${what}(${JSON.stringify(file)}, () => new Promise((end) => { globalThis.end = end }))
    setInterval(() => {}, 1000)
    console.log('held')
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}
