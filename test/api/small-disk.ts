import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** A place for files that is soon full. */
export interface SmallDisk {
  readonly folder: string
  /** The command that a process must run under to find it full. */
  readonly under: readonly string[]
  free(): void
}

/**
 * A file system of its own where this machine lets us mount one; elsewhere the kernel's limit on the
 * size of a process's files.
 */
export function smallDisk(parent: string, mebibytes = 1): SmallDisk {
  const folder = join(parent, 'small-disk')
  mkdirSync(folder, { recursive: true })
  try {
    const options = `size=${mebibytes}m`
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' })
    return { folder, under: [], free: () => void execFileSync('umount', [folder]) }
  } catch {
    return { folder, under: fileSizeLimit, free: () => {} }
  }
}

/** In blocks of 512 bytes. A runtime that does not ignore SIGXFSZ would be killed, so the shell does. */
export const fileSizeLimit = ['sh', '-c', 'trap "" XFSZ; ulimit -f 2048; exec "$@"', 'sh']
