import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Puts a shell script in the place of a program that is not ours (mysqld, docker, npm). */
export function fakeProgram(folder: string, name: string, script: string) {
  const file = join(folder, name)
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
}
