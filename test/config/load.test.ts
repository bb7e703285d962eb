import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../config/load.ts'
import { requiredPacketBytes } from '../../config/server-limits.ts'
import { readSettings } from '../../config/settings.ts'

const file = (name: string) => readSettings({ SLUICE_CONFIG: `test/config/files/${name}` })

describe('the default config', () => {
  it('has the contract’s types, on the databases of the server that the settings name', async () => {
    const settings = readSettings({ SLUICE_MYSQL_URL: 'mysql://root:p%40ss@db.example:3307' })
    const { shards, types } = await loadConfig(settings)
    expect([...types.keys()]).toEqual(['user', 'board', 'pin'])
    expect(types.get('pin')!.tableNames).toEqual(['pins', 'board_pins'])
    expect(
      [...types.values()].every(({ mergeable, independent }) => mergeable && independent),
    ).toBe(true)
    expect(shards.count).toBe(8)
    expect(shards.urls[3]).toBe('mysql://root:p%40ss@db.example:3307/sluice_3')
    expect(shards.limits[0]!.statementsPerSecond).toBe(50)
  })

  it('puts a user’s boards and pins on the user’s shard', async () => {
    const { types } = await loadConfig(readSettings({ SLUICE_SHARDS: '64' }))
    const shards = [
      types.get('user')!.shardOf({ id: '7' }),
      types.get('board')!.shardOf({ id: '1', userId: '7' }),
      types.get('pin')!.shardOf({ id: '2', userId: '7' }),
    ]
    expect(new Set(shards).size).toBe(1)
  })

  it('has no URLs where no server is known', async () => {
    const { shards } = await loadConfig(readSettings({ SLUICE_SHARDS: '2' }))
    expect(shards.urls).toEqual([undefined, undefined])
  })
})

describe('a config file', () => {
  it('may be named by an absolute path', async () => {
    const settings = readSettings({ SLUICE_CONFIG: resolve('sluice.config.ts') })
    expect((await loadConfig(settings)).types.size).toBe(3)
  })

  it('that is missing is named, and the variable that names it', async () => {
    await expect(loadConfig(file('none.config.ts'))).rejects.toThrow(
      `there is no file ${resolve('test/config/files/none.config.ts')}: set SLUICE_CONFIG to its path`,
    )
  })

  it('that throws says what it says', async () => {
    await expect(loadConfig(file('throws.config.ts'))).rejects.toThrow(
      "it can't be loaded: what the file itself says",
    )
  })

  it('that exports something else is refused', async () => {
    await expect(loadConfig(file('other.config.ts'))).rejects.toThrow(
      'expected `export default defineConfig(…)`, found none',
    )
  })
})

describe('what servers must take', () => {
  it('follows from the size of messages alone', async () => {
    const config = await loadConfig(readSettings({}))
    expect(requiredPacketBytes(config)).toBeGreaterThan(2 * config.messages.bytes)
    // The least of MySQL's own defaults, that of 5.7, is enough for the default config.
    expect(requiredPacketBytes(config)).toBeLessThan(4 * 1024 * 1024)
    // A server that takes 64 KiB serves messages of 24 KiB.
    const messages = { ...config.messages, bytes: 24 * 1024 }
    expect(requiredPacketBytes({ ...config, messages })).toBeLessThanOrEqual(64 * 1024)
  })
})
