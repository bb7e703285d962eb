import { onPath, run } from '../command.ts'
import { mysqldContainer } from './docker-server.ts'
import type { Choice } from './source.ts'

/** MySQL's long-term series in the official image. */
const image = 'mysql:lts'
/** An engine that is there answers in a moment; its command alone may wait for one for ever. */
const engineLimitMs = 5_000
const pullLimitMs = 300_000

export const dockerEngine: Choice = {
  name: 'Docker',
  async find({ searchPath, steps }) {
    const docker = onPath('docker', searchPath)
    if (docker === undefined) throw new Error('there is no docker command')
    const engine = (args: string[], limitMs = engineLimitMs) => run(docker, args, { limitMs })
    await engine(['version', '--format', '{{.Server.Version}}']).catch((error: Error) => {
      throw new Error(`no engine answers: ${error.message.split('\n').at(-1)}`)
    })
    const present = await engine(['image', 'inspect', '--format', '{{.Id}}', image]).catch(() => '')
    if (present === '') {
      await steps.step(`Docker image ${image} pulled`, () =>
        engine(['pull', '--quiet', image], pullLimitMs),
      )
    }
    return { serverIn: (folder, options) => mysqldContainer(folder, docker, image, options) }
  },
}
