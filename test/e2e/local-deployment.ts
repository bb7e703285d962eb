import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import type { RowDataPacket } from 'mysql2/promise'
import { createConnection } from 'mysql2/promise'
import { commandOf, type Runtime, root, type Service } from './commands.ts'
import type { DeploymentConfig } from './deployment-config.ts'
import { ServiceProcess } from './service-process.ts'

export interface LocalDeploymentOptions {
  /** Where the programs are, and the deployment's own folder is made. */
  readonly dataDir: string
  readonly mysqlUrl: string
  /** Absent is the embedded log. */
  readonly kafkaBrokers?: readonly string[]
  readonly shards?: number
  /** 0, the default, is no limit. */
  readonly statementsPerSecond?: number
  readonly config?: Omit<DeploymentConfig, 'databases'>
  readonly env?: NodeJS.ProcessEnv
}

/** A part that runs, and where it answers: the API, or a worker's /healthz and /readyz. */
export interface RunningPart {
  readonly process: ServiceProcess
  readonly url: string
}

/**
 * A deployment of its own: databases, topics or embedded log, data folder, config, and processes
 * that are started as a user would. All of it is gone once it is destroyed.
 */
export class LocalDeployment {
  readonly folder: string
  readonly prefix: string
  readonly databases: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly mysqlUrl: string
  /** All that were started, also those that ended. */
  readonly processes: ServiceProcess[] = []

  constructor(options: LocalDeploymentOptions) {
    const { dataDir, mysqlUrl, shards = 2, statementsPerSecond = 0, config } = options
    const tests = join(dataDir, 'test')
    mkdirSync(tests, { recursive: true })
    this.folder = mkdtempSync(join(tests, 'e2e-'))
    this.prefix = `e2e-${crypto.randomUUID().slice(0, 8)}`
    this.mysqlUrl = mysqlUrl
    this.databases = Array.from({ length: shards }, (_, n) => `${this.prefix}_${n}`)
    this.env = {
      ...withoutSettings(process.env),
      // Node would translate and compile the same sources anew for each of its processes.
      NODE_COMPILE_CACHE: join(tests, 'compile-cache'),
      SLUICE_CONFIG: this.writeConfig({ ...config, databases: this.databases }),
      SLUICE_PORT: '0',
      SLUICE_MYSQL_URL: mysqlUrl,
      SLUICE_STATEMENTS_PER_SECOND: String(statementsPerSecond),
      SLUICE_KAFKA_BROKERS: options.kafkaBrokers?.join(),
      SLUICE_TOPIC_PREFIX: this.prefix,
      SLUICE_DATA_DIR: this.folder,
      ...options.env,
    }
  }

  get shardUrls(): readonly string[] {
    return this.databases.map((database) => `${this.mysqlUrl}/${database}`)
  }

  /** Writes a config file of its own beside the others, and gives its path. */
  writeConfig(config: DeploymentConfig): string {
    const path = join(this.folder, `${crypto.randomUUID()}.config.ts`)
    const made = pathToFileURL(join(root, 'test/e2e/deployment-config.ts')).href
    const text = `import { deploymentConfig } from '${made}'

export default deploymentConfig(${JSON.stringify(config)})
`
    writeFileSync(path, text)
    return path
  }

  /** Starts a part, with these variables instead of the deployment's. */
  start(
    service: Service,
    runtime: Runtime = 'node',
    env: NodeJS.ProcessEnv = {},
    ...args: string[]
  ): ServiceProcess {
    const command = [...commandOf(service, runtime), ...args]
    const started = new ServiceProcess(command, { ...this.env, ...env }, root)
    this.processes.push(started)
    return started
  }

  /** Runs migration to its end, and gives what it said. Rejects if it failed. */
  async migrate(runtime: Runtime = 'node', ...args: string[]): Promise<string> {
    const migration = this.start('migrate', runtime, {}, ...args)
    const code = await migration.ended
    if (code !== 0) throw new Error(`migration ended with ${code}:\n${migration.output}`)
    return migration.output
  }

  async startApi(runtime: Runtime = 'node', env: NodeJS.ProcessEnv = {}): Promise<RunningPart> {
    const started = this.start('api', runtime, env)
    const [, url] = await started.says(/API listens on (\S+)/)
    return { process: started, url: url! }
  }

  async startWorker(runtime: Runtime = 'node', env: NodeJS.ProcessEnv = {}): Promise<RunningPart> {
    const started = this.start('worker', runtime, env)
    const [, url] = await started.says(/health on (\S+)/)
    return { process: started, url: url! }
  }

  async query(shard: number, sql: string): Promise<RowDataPacket[]> {
    return queryMysql(this.shardUrls[shard]!, sql)
  }

  async destroy(): Promise<void> {
    await Promise.all(this.processes.map((started) => started.kill()))
    rmSync(this.folder, { recursive: true, force: true })
    const drops = this.databases.map((database) => `DROP DATABASE IF EXISTS \`${database}\``)
    await queryMysql(this.mysqlUrl, drops.join(';'))
  }
}

export async function queryMysql(url: string, sql: string): Promise<RowDataPacket[]> {
  const connection = await createConnection({
    uri: url,
    multipleStatements: true,
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
  })
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql)
    return rows
  } finally {
    await connection.end()
  }
}

/** What the tester's own environment says must not reach the processes. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(environment).filter(([name]) => !/^(SLUICE|OTEL)_/.test(name))
  return Object.fromEntries(others)
}
