/** The oldest MySQL that has all that Sluice's statements use (row aliases came with 8.0.19,
 * JSON_TABLE and locking reads as we need them were checked from here on). */
export const oldestMysql = '8.0.21'

/**
 * Why a server of this version can't hold shards, or undefined if it can. Takes what
 * `mysqld --version` or `SELECT VERSION()` says.
 */
export function refusalOf(text: string): string | undefined {
  const version = versionIn(text)
  if (/mariadb/i.test(text)) {
    return `is MariaDB ${version ?? ''}, whose SQL differs (no row alias in upserts); MySQL ${oldestMysql} or newer is needed`
  }
  if (version === undefined)
    return `says no version that could be read: ${text.trim().slice(0, 80)}`
  if (compare(version, oldestMysql) < 0) {
    return `is MySQL ${version}; ${oldestMysql} or newer is needed`
  }
  return undefined
}

export function versionIn(text: string): string | undefined {
  return /\d+\.\d+\.\d+/.exec(text)?.[0]
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}
