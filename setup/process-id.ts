import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 50

/**
 * Whether the process runs and is the one we mean: its command line must contain the mark, since
 * ids are used again and a pid file may be from before a reboot.
 */
export function isRunning(pid: number, mark: string): boolean {
  return commandLine(pid).includes(mark)
}

/** Empty for a process that is gone, or ended and not yet collected by its parent. */
function commandLine(pid: number): string {
  if (process.platform === 'linux') {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
      // Deno asks for every permission before it opens /proc: ps needs only its own.
    }
  }
  try {
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return ''
  }
}

/** Asks the process to end and waits; after the limit it is killed. */
export async function endProcess(pid: number, mark: string, limitMs: number): Promise<void> {
  const send = (signal: NodeJS.Signals) => {
    if (isRunning(pid, mark)) process.kill(pid, signal)
  }
  send('SIGTERM')
  send('SIGCONT') // A stopped process takes no SIGTERM.
  const deadline = performance.now() + limitMs
  while (isRunning(pid, mark)) {
    if (performance.now() > deadline) send('SIGKILL')
    await sleep(pollMs)
  }
}
