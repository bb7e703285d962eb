import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { withLock } from './lock.ts'

/**
 * Makes a folder that is either whole or absent: built beside its place and renamed, so that a
 * crash leaves no half of it; and built by one of the processes that want it, the others wait.
 * The build gets a scratch folder too, for what is needed only meanwhile.
 */
export async function buildOnce(
  folder: string,
  build: (partial: string, scratch: string) => Promise<void>,
): Promise<void> {
  if (existsSync(folder)) return
  mkdirSync(dirname(folder), { recursive: true })
  await withLock(`${folder}.lock`, async () => {
    if (existsSync(folder)) return
    const [partial, scratch] = [`${folder}.partial`, `${folder}.scratch`]
    const clear = () => {
      for (const one of [partial, scratch]) rmSync(one, { recursive: true, force: true })
    }
    clear()
    mkdirSync(partial)
    mkdirSync(scratch)
    try {
      await build(partial, scratch)
      renameSync(partial, folder)
    } finally {
      clear()
    }
  })
}
