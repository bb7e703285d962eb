import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type BrokerFault, type LogWorld, logCases } from '../contract/log.ts'
import type { KafkaClientName } from './open-log.ts'
import { runFile } from './other-process.ts'

export const runtimes = ['node', 'deno', 'bun'] as const

/** Longer than the longest case with its broker's restart. */
const caseTimeoutMs = 120_000

interface Said {
  readonly name: string
  readonly error?: string
  readonly fault?: BrokerFault
}

/** The contract of the log as tests, run by a process of one runtime; `broker` causes its faults. */
export function logContract(
  runtime: (typeof runtimes)[number],
  adapter: 'embedded' | KafkaClientName,
  address: () => string,
  broker?: () => LogWorld['broker'],
): void {
  const kind: LogWorld['kind'] = adapter === 'embedded' ? 'embedded' : 'kafka'
  const title = adapter === kind ? kind : `${kind} (${adapter})`
  describe(`the ${title} log on ${runtime}`, () => {
    const cases = logCases.filter(({ only }) => !only || only === kind)
    const results = new Map(cases.map(({ name }) => [name, Promise.withResolvers<Said>()]))
    let child: ChildProcess

    beforeAll(() => {
      const file = new URL('./contract-process.ts', import.meta.url).pathname
      child = runFile(`node_modules/.bin/${runtime}`, file, [adapter, address()])
      const answer = async (line: string) => {
        const said: Said = JSON.parse(line)
        if (!said.fault) return results.get(said.name)?.resolve(said)
        await broker?.()[said.fault]()
        child.stdin!.write('done\n')
      }
      createInterface({ input: child.stdout! }).on('line', answer)
      child.once('exit', (code) => {
        const error = `the process ended before this case, with ${code}`
        for (const [name, { resolve }] of results) resolve({ name, error })
      })
    })

    afterAll(() => {
      child.kill('SIGKILL')
    })

    test.for([...results])('%s', { timeout: caseTimeoutMs }, async ([, { promise }]) => {
      const { error } = await promise
      if (error) throw new Error(error)
    })
  })
}
