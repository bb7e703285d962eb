/** A file of keys, as its errors tell of it: those never show a key. */
export interface KeyFile {
  /** `API key file` */
  readonly name: string
  /** One entry, with placeholders. */
  readonly entry: string
}

/** The entries of a file's JSON list, each with how people count it. Throws an Error. */
export function keyEntries(
  text: string,
  file: KeyFile,
): { readonly entry: Readonly<Record<string, unknown>>; readonly fail: (what: string) => never }[] {
  const fail = (where: string, what: string): never => {
    throw new Error(`${where} ${what}; expected is a JSON list such as [${file.entry}]`)
  }
  const whole = `the ${file.name}`
  const list = parse(text)
  if (list === undefined) fail(whole, 'is not JSON')
  if (!Array.isArray(list)) return fail(whole, 'is no list')
  if (list.length === 0) fail(whole, 'has no key')
  return list.map((entry: unknown, i) => {
    const where = `entry ${i + 1} of the ${file.name}`
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
      return fail(where, 'is no object')
    }
    return { entry: { ...entry }, fail: (what) => fail(where, what) }
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
