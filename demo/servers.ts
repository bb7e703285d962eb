import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** The demo's API and worker, two processes on the embedded log. */
export class DemoServers {
  readonly #environment: NodeJS.ProcessEnv
  #api: ChildProcess | undefined
  #worker: ChildProcess | undefined

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment
  }

  /** Starts both; resolves with the API's address. */
  async start(): Promise<string> {
    this.#api = this.#spawn('api/node.ts')
    const url = await addressOf(this.#api)
    this.startWorker()
    return url
  }

  startWorker(): void {
    this.#worker = this.#spawn('consumer/node.ts')
    this.#worker.stdout?.resume()
  }

  /** As a power cut would: no signal handler runs. */
  async killWorker(): Promise<void> {
    const worker = this.#worker!
    worker.kill('SIGKILL')
    await ended(worker)
  }

  async stop(): Promise<void> {
    await Promise.all(
      [this.#api, this.#worker].map(async (child) => {
        child?.kill('SIGTERM')
        if (child) await ended(child)
      }),
    )
  }

  #spawn(script: string): ChildProcess {
    return spawn(process.execPath, [script], {
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** The API says where it listens once it does. */
async function addressOf(api: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: api.stdout! })) {
    const [url] = line.match(/https?:\/\/\S+/) ?? []
    if (!url) continue
    api.stdout!.resume()
    return url
  }
  throw new Error('the API ended before it listened; its messages stand above')
}
