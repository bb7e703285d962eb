import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { run } from '../command.ts'
import type { Daemon } from '../shared-server.ts'
import { passwordOf, urlOf } from './account.ts'
import { answersAt } from './hello.ts'

const commandLimitMs = 30_000
/** MySQL may take this long to write out its data before Docker kills it. */
const stopLimitSeconds = 60
const logLines = 25

/** mysqld in a container of ours, on `docker-data` in the folder. */
export function mysqldContainer(
  folder: string,
  docker: string,
  image: string,
  options: readonly string[],
): Daemon {
  const datadir = resolve(folder, 'docker-data')
  // The name is how a container is found again, so it stands for the folder.
  const name = `sluice-mysql-${createHash('sha256').update(datadir).digest('hex').slice(0, 12)}`
  const engine = (args: string[], limitMs = commandLimitMs, env = process.env) =>
    run(docker, args, { limitMs, env })
  const remove = () => engine(['rm', '--force', name]).catch(() => '')

  return {
    name: `MySQL (${image})`,
    pid: () => undefined,
    async start(port) {
      mkdirSync(datadir, { recursive: true })
      await remove()
      const user = process.getuid?.() ? ['--user', `${process.getuid()}:${process.getgid?.()}`] : []
      await engine(
        [
          ...['run', '--detach', '--name', name, ...user],
          ...['--publish', `127.0.0.1:${port}:3306`, '--volume', `${datadir}:/var/lib/mysql`],
          ...['--env', 'MYSQL_ROOT_PASSWORD', '--env', 'MYSQL_ROOT_HOST=%'],
          ...[image, '--mysqlx=OFF', '--skip-name-resolve', ...options],
        ],
        commandLimitMs,
        // By the environment: a password among the arguments is seen by every user.
        { ...process.env, MYSQL_ROOT_PASSWORD: passwordOf(folder) },
      )
    },
    async isRunning() {
      const args = ['inspect', '--format', '{{.State.Running}}', name]
      return (await engine(args).catch(() => '')).trim() === 'true'
    },
    answers: (port) => answersAt(urlOf(folder, port)),
    async signal(signal) {
      const pause = { SIGSTOP: 'pause', SIGCONT: 'unpause' }
      await engine(signal === 'SIGKILL' ? ['kill', name] : [pause[signal], name])
    },
    async stop() {
      const limitMs = (stopLimitSeconds + 10) * 1000
      await engine(['stop', '--time', String(stopLimitSeconds), name], limitMs).catch(() => '')
      await remove()
    },
    logTail: () => engine(['logs', '--tail', String(logLines), name]),
  }
}
