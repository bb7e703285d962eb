import type { SqlType } from './columns/sql-type.ts'
import { parseSqlType } from './columns/sql-type.ts'
import type { LiveColumn } from './live-tables.ts'
import type { DatabaseColumn } from './types/database-type.ts'

/**
 * Why a live column takes fewer values than the config says, in words; undefined if it takes them all,
 * or another kind of values altogether (`problemsOfColumns` finds that).
 */
export function narrowerThanDeclared(
  { column }: DatabaseColumn,
  live: LiveColumn,
): string | undefined {
  if (!live.isNullable && !column.notNull && !column.primary) {
    return 'is NOT NULL, and the config lets it be null'
  }
  const text = column.getSQLType()
  const declared = parseSqlType(text)
  const found = parseSqlType(live.type)
  if (!declared || !found || !isNarrower(declared, found)) return undefined
  return `is ${live.type}, narrower than ${text}, which the config says`
}

function isNarrower(declared: SqlType, found: SqlType): boolean {
  for (const sizeOf of [charactersOf, bytesOf, bitsOf]) {
    const [most, least] = [sizeOf(declared), sizeOf(found)]
    if (most !== undefined && least !== undefined) return least < most
  }
  const [whole, wholeFound] = [rangeOf(declared), rangeOf(found)]
  if (whole && wholeFound) return wholeFound.least > whole.least || wholeFound.most < whole.most
  if (declared.name === 'decimal' && found.name === 'decimal') {
    return (
      digitsBefore(found) < digitsBefore(declared) || (found.isUnsigned && !declared.isUnsigned)
    )
  }
  return declared.members.some((member) => !found.members.includes(member))
}

/** Of texts with a length. */
function charactersOf({ name, sizes }: SqlType): number | undefined {
  return name === 'char' || name === 'varchar' ? (sizes[0] ?? 1) : undefined
}

const blobBytes: Readonly<Record<string, number>> = {
  tinytext: 2 ** 8 - 1,
  tinyblob: 2 ** 8 - 1,
  text: 2 ** 16 - 1,
  blob: 2 ** 16 - 1,
  mediumtext: 2 ** 24 - 1,
  mediumblob: 2 ** 24 - 1,
  longtext: 2 ** 32 - 1,
  longblob: 2 ** 32 - 1,
}
const bytesPerCharacter = 4

/** What a text or a binary column takes at most. */
function bytesOf(type: SqlType): number | undefined {
  const characters = charactersOf(type)
  if (characters !== undefined) return characters * bytesPerCharacter
  const { name, sizes } = type
  return name === 'varbinary' || name === 'binary' ? (sizes[0] ?? 1) : blobBytes[name]
}

function bitsOf({ name, sizes }: SqlType): number | undefined {
  return name === 'bit' ? (sizes[0] ?? 1) : undefined
}

const integerBits: Readonly<Record<string, number>> = {
  tinyint: 8,
  smallint: 16,
  mediumint: 24,
  int: 32,
  bigint: 64,
  serial: 64,
}

/** As doubles: near enough, since ranges differ by powers of two. */
function rangeOf({ name, isUnsigned }: SqlType): { least: number; most: number } | undefined {
  const bits = integerBits[name]
  if (bits === undefined) return undefined
  return isUnsigned
    ? { least: 0, most: 2 ** bits }
    : { least: -(2 ** (bits - 1)), most: 2 ** (bits - 1) }
}

/** MySQL's own default is DECIMAL(10,0). */
function digitsBefore({ sizes: [digits = 10, behind = 0] }: SqlType): number {
  return digits - behind
}
