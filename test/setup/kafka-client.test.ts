import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, inject, test } from 'vitest'
import { provideKafkaClient } from '../../setup/kafka-client/provide.ts'
import { quietly } from '../../setup/steps.ts'
import { temporaryFolder } from './temporary-folder.ts'

const library = '@confluentinc/kafka-javascript'

/** The package as npm installs it, with what it needs beside it. */
function installed(): string {
  const folder = temporaryFolder()
  const packageFolder = join(folder, 'package')
  cpSync(resolve('node_modules', library), packageFolder, { recursive: true })
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  rmSync(join(packageFolder, 'build'), { recursive: true })
  return packageFolder
}

function loads(packageFolder: string): boolean {
  const script = 'require(process.argv[1])'
  return spawnSync('node_modules/.bin/node', ['-e', script, packageFolder]).status === 0
}

test.each([
  ['npm took away', () => {}],
  [
    'another Node built',
    (packageFolder: string) => {
      const folder = join(packageFolder, 'build/Release')
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, 'confluent-kafka-javascript.node'), 'not of this Node')
    },
  ],
])("the Kafka client's addon that %s is put back from where it is kept", async (_, spoil) => {
  const packageFolder = installed()
  spoil(packageFolder)
  expect(loads(packageFolder)).toBe(false)
  const titles: string[] = []
  await provideKafkaClient(
    // Without the addon this would take a build.
    { dataDir: inject('dataDir'), systemPackages: false, packageFolder },
    { ...quietly, step: (_, work) => work((title) => titles.push(title)) },
  )
  expect(loads(packageFolder)).toBe(true)
  expect(titles).toEqual([expect.stringMatching(/^Kafka client confluent \S+ put back/)])
})
