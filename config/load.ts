import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Config } from './compile-config.ts'
import { compileConfig } from './compile-config.ts'
import { ConfigError } from './config-error.ts'
import type { ConfigDefinition, ConfigSettings } from './define-config.ts'
import { configMark } from './define-config.ts'
import type { Settings } from './settings.ts'

/**
 * Imports the config file that the settings name, and compiles it. A process that started a MySQL of
 * its own hands in settings with that server's URL. Rejects with a `ConfigError`.
 */
export async function loadConfig(settings: Settings): Promise<Config> {
  const { configFile } = settings
  const definition = await importDefinition(configFile)
  return compileConfig(definition, configSettings(settings), configFile)
}

async function importDefinition(configFile: string): Promise<ConfigDefinition> {
  const path = resolve(configFile)
  try {
    await access(path)
  } catch {
    throw new ConfigError(configFile, [`there is no file ${path}: set SLUICE_CONFIG to its path`])
  }
  let module: { readonly default?: unknown }
  try {
    module = await import(pathToFileURL(path).href)
  } catch (error) {
    throw new ConfigError(configFile, [`it can't be loaded: ${(error as Error).message}`], {
      cause: error,
    })
  }
  if (isDefinition(module.default)) return module.default
  throw new ConfigError(configFile, ['expected `export default defineConfig(…)`, found none'])
}

function isDefinition(value: unknown): value is ConfigDefinition {
  return typeof value === 'object' && value !== null && configMark in value
}

function configSettings(
  settings: Pick<Settings, 'shards' | 'statementsPerSecond' | 'mysqlUrl'>,
): ConfigSettings {
  const { shards, statementsPerSecond, mysqlUrl } = settings
  return {
    shards,
    statementsPerSecond,
    databaseUrl(database) {
      if (mysqlUrl === undefined) return undefined
      const url = new URL(mysqlUrl)
      url.pathname = `/${encodeURIComponent(database)}`
      return url.href
    },
  }
}
