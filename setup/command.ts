import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface CommandOptions {
  /** After it, the command and all that it started are killed. */
  limitMs: number
  cwd?: string
  env?: Record<string, string | undefined>
}

/** How much of a failed command's output its error repeats. */
const outputLines = 20
/** Output kept in memory; what comes before is dropped. */
const outputBytes = 1 << 20

/** Runs a command to its end and gives its standard output; an error repeats the last lines. */
export function run(command: string, args: string[], options: CommandOptions): Promise<string> {
  const { limitMs, ...rest } = options
  return new Promise((resolve, reject) => {
    // A group of its own, so that the time limit ends the command's children too.
    const child = spawn(command, args, {
      ...rest,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let out = ''
    let all = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out = (out + text).slice(-outputBytes)
      all = (all + text).slice(-outputBytes)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      all = (all + text).slice(-outputBytes)
    })

    const fail = (what: string) => {
      const shown = [command, ...args].join(' ').slice(0, 300)
      const output = all.trim().split('\n').slice(-outputLines).join('\n')
      reject(new Error(`${shown}: ${what}${output && `\n${output}`}`))
    }
    const timer = setTimeout(() => {
      fail(`no end within ${limitMs / 1000} s`)
      killGroup(child.pid)
    }, limitMs)
    child.on('error', (error) => {
      clearTimeout(timer)
      fail(error.message)
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) resolve(out)
      else fail(code === null ? `ended by ${signal}` : `exit code ${code}`)
    })
  })
}

function killGroup(pid: number | undefined) {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended by itself meanwhile.
  }
}

/** The file that a shell would run for this name, or undefined. */
export function onPath(name: string, searchPath = process.env.PATH ?? ''): string | undefined {
  return searchPath
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
