import type { MessageLimits } from '../core/shard-batching.ts'
import { defaultMessageLimits } from '../core/shard-batching.ts'
import type { DatabaseType } from '../db/types/database-type.ts'
import { compileTypes } from '../db/types/object-type.ts'
import type { TypeDefinition } from '../db/types/type-definition.ts'
import type { ApiSettings } from './api-settings.ts'
import { ConfigError } from './config-error.ts'
import { configSchema, problemsOf } from './config-schema.ts'
import type { ConfigDefinition, ConfigSettings } from './define-config.ts'
import { configMark } from './define-config.ts'
import type { Shards } from './shards.ts'
import { compileShards } from './shards.ts'
import type { WorkerSettings } from './worker-settings.ts'
import { defaultWorkerSettings } from './worker-settings.ts'

/** A config that processes run on: checked, defaults filled in, types compiled. */
export interface Config {
  readonly shards: Shards
  /** By name, in the order of declaration. */
  readonly types: ReadonlyMap<string, DatabaseType>
  /** Whether migration makes the types' tables. */
  readonly createTables: boolean
  readonly worker: WorkerSettings
  readonly api: ApiSettings
  readonly messages: MessageLimits
}

/** Throws a `ConfigError` that names everything wrong at once. `name` says whose config it is. */
export function compileConfig(
  definition: ConfigDefinition,
  settings: ConfigSettings,
  name: string,
): Config {
  const shape = configSchema.safeParse(definition[configMark](settings))
  if (!shape.success) throw new ConfigError(name, problemsOf(shape.error))
  const { shards: declared, types, createTables, worker, api, messages } = shape.data
  const problems: string[] = []
  const report = (problem: string) => problems.push(problem)
  const shards = compileShards(declared.options, report)
  const definitions = Object.entries(types).map(
    ([typeName, type]): TypeDefinition => ({ ...type, name: typeName }),
  )
  const config: Config = {
    shards,
    types: compileTypes(definitions, shards.count, report),
    createTables,
    worker: { ...defaultWorkerSettings, ...worker },
    api,
    messages: { ...defaultMessageLimits, ...messages },
  }
  checkRelations(config, report)
  if (problems.length > 0) throw new ConfigError(name, problems)
  return config
}

/** Room for a message's envelope beside at least one operation. */
const minMessageBytes = 1024

function checkRelations({ worker, messages }: Config, report: (problem: string) => void): void {
  const { lockWaitSeconds, statementTimeoutMs } = worker
  if (lockWaitSeconds * 1000 >= statementTimeoutMs) {
    report(
      `worker: expected lockWaitSeconds below statementTimeoutMs, found ${lockWaitSeconds} s and` +
        ` ${statementTimeoutMs} ms: the watchdog would end what only waits for a lock`,
    )
  }
  const { bytes: maxMessageBytes } = defaultMessageLimits
  if (messages.bytes < minMessageBytes || messages.bytes > maxMessageBytes) {
    report(
      `messages.bytes: expected ${minMessageBytes} to ${maxMessageBytes}, found ${messages.bytes}`,
    )
  }
}
