import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'

/** What a run of the tests said. */
export interface TestRunResult {
  readonly passed: number
  /** `file: name` of each test that failed. */
  readonly failed: readonly string[]
  /** Why files could not be run at all: then nothing is known of their tests. */
  readonly broken: readonly string[]
}

/** The part of vitest's JSON report that is read. */
interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

/** Runs some tests in a folder. */
export async function runTests(
  folder: string,
  tests: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<TestRunResult> {
  const reportFile = join(folder, 'test-report.json')
  rmSync(reportFile, { force: true })
  const output = await vitest(
    folder,
    ['run', '--reporter=json', `--outputFile=${reportFile}`, ...tests],
    { env, signal },
  )
  if (!existsSync(reportFile)) throw new Error(`vitest gave no report:\n${output}`)
  const report: Report = JSON.parse(readFileSync(reportFile, 'utf8'))
  const failed: string[] = []
  const broken: string[] = []
  let passed = 0
  for (const { name, status, message, assertionResults } of report.testResults) {
    const file = relative(folder, name)
    const failing = assertionResults.filter((test) => test.status === 'failed')
    passed += assertionResults.filter((test) => test.status === 'passed').length
    for (const { fullName } of failing) failed.push(`${file}: ${fullName}`)
    if (status === 'failed' && failing.length === 0) broken.push(`${file}: ${message}`)
  }
  return { passed, failed, broken }
}

function vitest(
  cwd: string,
  args: string[],
  options: { env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('vitest', args, { cwd, ...options, killSignal: 'SIGINT' })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        output += text
      })
    }
    child.on('error', reject)
    child.on('close', () => resolve(output))
  })
}
