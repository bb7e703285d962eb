import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { takeShare, withLock } from './lock.ts'
import { freePort, isFree } from './port.ts'

export type FaultSignal = 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'

/** A server program that we start on a port, and find again after a crash of the one who did. */
export interface Daemon {
  readonly name: string
  start(port: number): Promise<void>
  /** Undefined while it does not run, or runs elsewhere (in a container). */
  pid(): number | undefined
  isRunning(): Promise<boolean>
  /** Whether the server on this port is ours and ready. */
  answers(port: number): Promise<boolean>
  signal(signal: FaultSignal): Promise<void>
  stop(): Promise<void>
  /** The last lines that it logged since it was started. */
  logTail(): Promise<string>
}

/** A server in use: one of ours, or one that was given and stays untouched. */
export interface ServerInUse {
  /** Of a process of ours, while it runs. */
  readonly pid: number | undefined
  /** Ends this use; a server of ours ends with its last user. */
  stop(): Promise<void>
  kill(signal: FaultSignal): Promise<void>
  /** Starts a server of ours again on the same port and data, stopping it first if it runs. */
  restart(): Promise<void>
}

export interface SharedServer extends ServerInUse {
  readonly port: number
  /** Whether it ran already: left by a crashed process, or in use by another. */
  readonly found: boolean
}

/** Crash recovery of a large data folder is the slowest start that is no failure. */
const startLimitMs = 120_000
/** A server that runs already answers soon, or hangs. */
const foundLimitMs = 10_000
const pollMs = 50
const portAttempts = 3

/** One name for one folder: a server is known again by the path on its command line. */
export function realFolder(folder: string): string {
  mkdirSync(folder, { recursive: true })
  return realpathSync(folder)
}

/**
 * Gives this process a use of the one server of a folder: the one that runs, else a new one. The
 * port is remembered in the folder, so that addresses that people copied stay true.
 */
export async function shareServer(folder: string, daemon: Daemon): Promise<SharedServer> {
  const portFile = join(folder, 'port')
  const locked = <T>(work: () => Promise<T>) => withLock(join(folder, 'start.lock'), work)

  return locked(async () => {
    const remembered = existsSync(portFile) ? Number(readFileSync(portFile, 'utf8')) : undefined
    const found = remembered !== undefined && (await answersAlready(daemon, remembered))
    const port = found ? remembered : await startOnFreePort(daemon, remembered)
    writeFileSync(portFile, `${port}\n`)
    const share = takeShare(join(folder, 'users.lock'))
    let stopped: Promise<void> | undefined

    return {
      port,
      found,
      get pid() {
        return daemon.pid()
      },
      stop() {
        stopped ??= locked(async () => {
          if (share.release()) await daemon.stop()
        })
        return stopped
      },
      kill: (signal) => daemon.signal(signal),
      restart: () =>
        locked(async () => {
          await daemon.stop()
          await start(daemon, port)
        }),
    }
  })
}

async function answersAlready(daemon: Daemon, port: number): Promise<boolean> {
  const deadline = performance.now() + foundLimitMs
  while (await daemon.isRunning()) {
    if (await daemon.answers(port)) return true
    if (performance.now() > deadline) return false
    await sleep(pollMs)
  }
  return false
}

async function startOnFreePort(daemon: Daemon, remembered: number | undefined): Promise<number> {
  await daemon.stop()
  let port = remembered
  for (let attempt = 1; ; attempt++) {
    if (port === undefined || !(await isFree(port))) port = await freePort()
    try {
      await start(daemon, port)
      return port
    } catch (error) {
      // Between our look at the port and the server's, someone else may have taken it.
      if (attempt === portAttempts || (await isFree(port))) throw error
    }
  }
}

async function start(daemon: Daemon, port: number): Promise<void> {
  await daemon.start(port)
  const deadline = performance.now() + startLimitMs
  while (!(await daemon.answers(port))) {
    const running = await daemon.isRunning()
    if (running && performance.now() < deadline) {
      await sleep(pollMs)
      continue
    }
    await daemon.stop()
    const what = running ? `was not ready after ${startLimitMs / 1000} s` : 'ended while starting'
    throw new Error(
      `${daemon.name} on port ${port} ${what}. Its log ends:\n${await daemon.logTail()}`,
    )
  }
}
