import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

export interface TestRun {
  /** Stops it as Ctrl-C would. */
  interrupt(): void
  readonly ended: Promise<{ code: number; passed: number; failed: number }>
}

/** Runs vitest on the terminal; the filters choose test files by name. */
export function startTests(dataDir: string, filters: string[], env: NodeJS.ProcessEnv): TestRun {
  // By process, since two runs may go on at once.
  const resultFile = join(dataDir, 'test', `result-${process.pid}.json`)
  mkdirSync(join(dataDir, 'test'), { recursive: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${resultFile}`]
  const child = spawn('vitest', ['run', ...reporters, ...filters], {
    env,
    stdio: 'inherit',
    // Ctrl-C reaches it once, through us.
    detached: true,
  })
  return {
    interrupt: () => void child.kill('SIGINT'),
    ended: new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('exit', (code) => {
        resolve({ code: code ?? 1, ...countOf(resultFile, code === 0) })
        rmSync(resultFile, { force: true })
      })
    }),
  }
}

/** The part of vitest's JSON report that is counted. */
interface Report {
  numPassedTests: number
  numFailedTests: number
  testResults: { status: string; assertionResults: { status: string }[] }[]
}

function countOf(file: string, succeeded: boolean): { passed: number; failed: number } {
  const none = { numPassedTests: 0, numFailedTests: 0, testResults: [] }
  const report: Report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : none
  // A file that could not be loaded has no tests to fail, and must not pass unseen.
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  )
  const failed = report.numFailedTests + brokenFiles.length
  return { passed: report.numPassedTests, failed: succeeded ? failed : Math.max(failed, 1) }
}
