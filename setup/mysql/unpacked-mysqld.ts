import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../command.ts'
import type { Binaries } from './source.ts'
import { refusalOf, versionIn } from './version.ts'

const versionLimitMs = 20_000

/** The mysqld under a root folder, run through the loader and libraries of that same root. */
export async function unpackedMysqld(root: string): Promise<Binaries> {
  const loader = ['usr/lib', 'lib']
    .flatMap((folder) => [
      `${folder}/x86_64-linux-gnu/ld-linux-x86-64.so.2`,
      `${folder}/aarch64-linux-gnu/ld-linux-aarch64.so.1`,
    ])
    .map((file) => join(root, file))
    .find((file) => existsSync(file))
  if (loader === undefined) throw new Error(`no loader in ${root}: only x86-64 and arm64 are known`)
  const triplet = loader.split('/').at(-2)
  const libraries = [
    ...['usr/lib', 'lib'].map((folder) => join(root, folder, triplet!)),
    join(root, 'usr/lib/mysql/private'),
  ]
  const program = ['--library-path', libraries.join(':'), join(root, 'usr/sbin/mysqld')]
  const said = await run(loader, [...program, '--version'], { limitMs: versionLimitMs })
  const refusal = refusalOf(said)
  if (refusal !== undefined) throw new Error(`the package's mysqld ${refusal}`)
  return {
    version: versionIn(said)!,
    command: loader,
    args: [
      ...program,
      '--no-defaults',
      `--lc-messages-dir=${join(root, 'usr/share/mysql')}`,
      `--character-sets-dir=${join(root, 'usr/share/mysql/charsets')}`,
      `--plugin-dir=${join(root, 'usr/lib/mysql/plugin')}`,
    ],
  }
}
