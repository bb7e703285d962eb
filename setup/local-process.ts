import { spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { endProcess, isRunning } from './process-id.ts'
import type { Daemon, FaultSignal } from './shared-server.ts'

/** A server gets this long to write out its data before it is killed. */
const stopLimitMs = 60_000
const logLines = 25

/** What a daemon that is a process of this machine has in common, whichever program it runs. */
export interface LocalProcess {
  pid: Daemon['pid']
  start(command: string, args: string[]): Promise<void>
  isRunning: Daemon['isRunning']
  signal: Daemon['signal']
  stop: Daemon['stop']
  logTail: Daemon['logTail']
}

/**
 * A process whose id and log are kept in its folder. The mark is the part of its command line
 * that no other process has, such as its data folder.
 */
export function localProcess(folder: string, mark: string): LocalProcess {
  const pidFile = join(folder, 'pid')
  const logFile = join(folder, 'server.log')
  const pid = () => {
    if (!existsSync(pidFile)) return undefined
    const value = Number(readFileSync(pidFile, 'utf8'))
    return value > 0 && isRunning(value, mark) ? value : undefined
  }

  return {
    pid,
    async start(command, args) {
      mkdirSync(folder, { recursive: true })
      if (existsSync(logFile)) renameSync(logFile, join(folder, 'server.previous.log'))
      const log = openSync(logFile, 'a')
      try {
        // Detached: Ctrl-C is for us, and we stop the server when all that uses it is done.
        const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log] })
        await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
        child.unref()
        writeFileSync(pidFile, `${child.pid}\n`)
      } finally {
        closeSync(log)
      }
    },
    isRunning: async () => pid() !== undefined,
    async signal(signal: FaultSignal) {
      const running = pid()
      if (running === undefined) throw new Error(`${signal}: no server of ${folder} is running`)
      process.kill(running, signal)
      if (signal === 'SIGKILL') await endProcess(running, mark, 0)
    },
    async stop() {
      const running = pid()
      if (running !== undefined) await endProcess(running, mark, stopLimitMs)
      rmSync(pidFile, { force: true })
    },
    async logTail() {
      if (!existsSync(logFile)) return '(no log)'
      return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-logLines).join('\n')
    },
  }
}
