import { readFileSync } from 'node:fs'

/** Linux counts a process's time in hundredths of a second, whatever the hardware. */
const ticksPerSecond = 100
/** Behind the process's name, which may hold anything and ends with the last parenthesis. */
const [userTime, systemTime] = [11, 12]

/** User and system time of a process so far; undefined where Linux's /proc does not tell. */
export function cpuSecondsOf(pid: number | undefined): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[userTime]) + Number(fields[systemTime])) / ticksPerSecond
  } catch {
    return undefined
  }
}
