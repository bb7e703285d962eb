import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'

/** What a process that is well says at last; under load runtimes start slowly. */
const saysLimitMs = 25_000

/** A process of the system under test, with all that it says. */
export class ServiceProcess {
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  /** What it was started by. */
  readonly title: string
  readonly #child: ChildProcess
  #output = ''
  #onOutput = () => {}

  constructor(command: readonly string[], env: NodeJS.ProcessEnv, cwd: string) {
    const [program, ...args] = command
    const child = spawn(program!, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.title = command.join(' ')
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
        this.#onOutput()
      })
    }
    this.ended = once(child, 'close').then(([code, signal]) => code ?? signal)
    // An interrupted run does not come to the test's own clean-up.
    const endNow = () => child.kill('SIGKILL')
    process.once('exit', endNow)
    void this.ended.then(() => process.off('exit', endNow))
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** What it said so far, on standard output and standard error. */
  get output(): string {
    return this.#output
  }

  /** Resolves once it says this; rejects with all that it said if it ends first, or takes too long. */
  async says(pattern: RegExp): Promise<RegExpMatchArray> {
    const said = new Promise<RegExpMatchArray>((resolve) => {
      this.#onOutput = () => {
        const match = this.#output.match(pattern)
        if (match) resolve(match)
      }
      this.#onOutput()
    })
    const timer = Promise.withResolvers<string>()
    const timeout = setTimeout(() => timer.resolve('takes too long'), saysLimitMs)
    const instead = Promise.race([this.ended.then((how) => `ended (${how})`), timer.promise])
    const outcome = await Promise.race([said, instead])
    clearTimeout(timeout)
    if (typeof outcome !== 'string') return outcome
    throw new Error(`${this.title} ${outcome} and did not say ${pattern}:\n${this.#output}`)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** As a power cut would: no handler of its own runs. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.ended
  }

  /** As an init system would. Resolves with the exit code. */
  stop(): Promise<number | NodeJS.Signals> {
    this.signal('SIGTERM')
    return this.ended
  }
}
