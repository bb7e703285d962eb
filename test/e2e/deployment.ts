import { inject, onTestFinished } from 'vitest'
import type { Runtime } from './commands.ts'
import { LocalDeployment, type LocalDeploymentOptions } from './local-deployment.ts'
import { RunningApi } from './running-api.ts'

export { queryMysql, type RunningPart as RunningWorker } from './local-deployment.ts'

/** A test's deployment, on the servers of the run unless it names others; gone after the test. */
export class Deployment extends LocalDeployment {
  constructor(options: Partial<LocalDeploymentOptions> = {}) {
    super({ dataDir: inject('dataDir'), mysqlUrl: inject('mysqlUrl'), ...options })
    onTestFinished(() => this.destroy())
  }

  override async startApi(
    runtime: Runtime = 'node',
    env: NodeJS.ProcessEnv = {},
  ): Promise<RunningApi> {
    const { process, url } = await super.startApi(runtime, env)
    return new RunningApi(process, url)
  }
}
