/** A column's SQL type, taken apart: `decimal(10,2) unsigned`. */
export interface SqlType {
  /** Lower case, aliases resolved: `numeric` is `decimal`. */
  readonly name: string
  /** What stands between the parentheses, as numbers; empty for an enum's values. */
  readonly sizes: readonly number[]
  /** The values of an enum or a set. */
  readonly members: readonly string[]
  readonly isUnsigned: boolean
  /** Only custom types can declare them; Drizzle's own have none. */
  readonly charset: string | undefined
  readonly collation: string | undefined
  readonly changesOnUpdate: boolean
}

const aliases: Readonly<Record<string, string>> = {
  bool: 'boolean',
  character: 'char',
  'character varying': 'varchar',
  dec: 'decimal',
  'double precision': 'double',
  fixed: 'decimal',
  int1: 'tinyint',
  int2: 'smallint',
  int3: 'mediumint',
  int4: 'int',
  int8: 'bigint',
  integer: 'int',
  numeric: 'decimal',
}

const pattern =
  /^\s*(double precision|character varying|[a-z]+\d?)\s*(?:\(((?:'(?:[^']|'')*'|[^)'])*)\))?(.*)$/is

/** Undefined where the text is no type that can be read. */
export function parseSqlType(text: string): SqlType | undefined {
  const [, name, size, attributes] = pattern.exec(text) ?? []
  if (!name) return undefined
  const lower = name.toLowerCase().replace(/\s+/g, ' ')
  const rest = attributes?.toLowerCase() ?? ''
  return {
    name: Object.hasOwn(aliases, lower) ? aliases[lower]! : lower,
    sizes: size?.split(',').map(Number).filter(Number.isInteger) ?? [],
    members: [...(size ?? '').matchAll(/'((?:[^']|'')*)'/g)].map(([, text]) =>
      text!.replaceAll("''", "'"),
    ),
    // A ZEROFILL column is unsigned whether it says so or not.
    isUnsigned: /\b(unsigned|zerofill)\b/.test(rest) || lower === 'serial',
    charset: /\b(?:character set|charset)\s*=?\s*'?(\w+)/.exec(rest)?.[1],
    collation: /\bcollate\s*=?\s*'?(\w+)/.exec(rest)?.[1],
    changesOnUpdate: /\bon update\b/.test(rest),
  }
}
