import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import type { Edit } from './guard.ts'

/** Not sources: what is installed is linked, what servers leave is of no use. */
const leftOut = new Set(['node_modules', '.sluice', '.git'])

/** A copy of the project whose sources may be broken. */
export class SourceCopy {
  readonly path: string

  constructor(root: string) {
    this.path = mkdtempSync(join(tmpdir(), 'sluice-guards-'))
    cpSync(root, this.path, {
      recursive: true,
      filter: (source) => !leftOut.has(basename(source)),
    })
    symlinkSync(resolve(root, 'node_modules'), join(this.path, 'node_modules'))
  }

  /** Makes the edits; the function that it returns takes them back. */
  apply(edits: readonly Edit[]): () => void {
    const originals = new Map<string, string>()
    const now = new Map<string, string>()
    for (const edit of edits) {
      const path = join(this.path, edit.file)
      if (!originals.has(path)) originals.set(path, readFileSync(path, 'utf8'))
      now.set(path, withEdit(now.get(path) ?? originals.get(path)!, edit))
    }
    for (const [path, content] of now) writeFileSync(path, content)
    return () => {
      for (const [path, content] of originals) writeFileSync(path, content)
    }
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Throws, naming the file, where the text does not stand in it exactly once. */
export function withEdit(content: string, { file, text, instead }: Edit): string {
  const found = content.split(text).length - 1
  if (found === 1) return content.replace(text, () => instead)
  throw new Error(
    `${file} has this text ${found} times, expected once; was the guard moved, or lost?\n${text}`,
  )
}
