import type { Steps } from '../steps.ts'
import { versionAt } from './hello.ts'
import type { MysqlServer } from './server.ts'
import { refusalOf } from './version.ts'

/** The user's own server, used as it is: checked, never started or stopped. */
export async function givenServer(url: string, steps: Steps): Promise<MysqlServer> {
  const shown = withoutPassword(url)
  return steps.step(`MySQL at ${shown}`, async (say) => {
    const version = await versionAt(url).catch((error: Error) => {
      throw new Error(
        `MySQL at ${shown} does not answer: ${error.message}. ` +
          'Check the URL (mysql://user:password@host:port), or leave it out to get a private server.',
      )
    })
    const refusal = refusalOf(version)
    if (refusal !== undefined) throw new Error(`The server at ${shown} ${refusal}.`)
    say(`MySQL ${version} at ${shown}`)
    const notOurs = async () => {
      throw new Error(`The MySQL server at ${shown} is not ours to stop or start.`)
    }
    return {
      url,
      version,
      pid: undefined,
      stop: async () => {},
      kill: notOurs,
      restart: notOurs,
    }
  })
}

function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return 'a URL that could not be read'
  const { protocol, username, host } = new URL(url)
  return `${protocol}//${username && `${username}@`}${host}`
}
