import { join } from 'node:path'
import { expect, test } from 'vitest'
import { onPath, run } from '../../setup/command.ts'
import { fakeProgram } from './fake-program.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('a command that hangs is ended with all that it started', async () => {
  const hanging = run('sh', ['-c', 'sleep 60 & sleep 60'], { limitMs: 200 })
  await expect(hanging).rejects.toThrow(/sleep 60: no end within 0\.2 s/)
})

test('a failure says the command, its exit code and its last output', async () => {
  const failing = run('sh', ['-c', 'echo wrong >&2; exit 3'], { limitMs: 5_000 })
  await expect(failing).rejects.toThrow(/exit 3: exit code 3\nwrong$/)
})

test('a program is found in the first folder that has it', () => {
  const [first, second] = [temporaryFolder(), temporaryFolder()]
  fakeProgram(second, 'mysqld', '')
  expect(onPath('mysqld', `${first}:${second}`)).toBe(join(second, 'mysqld'))
  expect(onPath('mysqld', first)).toBeUndefined()
})
