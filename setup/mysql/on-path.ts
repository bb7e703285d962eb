import { onPath, run } from '../command.ts'
import { processSource } from './process-server.ts'
import type { Binaries, Choice } from './source.ts'
import { initialized } from './template.ts'
import { refusalOf, versionIn } from './version.ts'

const versionLimitMs = 10_000

/** The user's own mysqld program, run on a data folder of ours: their server is not touched. */
export const mysqldOnPath: Choice = {
  name: 'mysqld on the PATH',
  async find({ cache, searchPath, steps }) {
    const command = onPath('mysqld', searchPath)
    if (command === undefined) throw new Error('there is none')
    const said = await run(command, ['--version'], { limitMs: versionLimitMs })
    const refusal = refusalOf(said)
    if (refusal !== undefined) throw new Error(`${command} ${refusal}`)
    const binaries: Binaries = {
      version: versionIn(said)!,
      command,
      args: ['--no-defaults'],
    }
    // Part of the choice: AppArmor, for one, forbids Ubuntu's mysqld any folder but its own.
    const template = await initialized(cache, binaries, steps)
    return processSource(binaries, template)
  },
}
