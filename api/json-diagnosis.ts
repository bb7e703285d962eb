import { excerpt } from './problem.ts'

/** What is wrong with a JSON text, and where: the index of a character, from 0. */
export interface JsonDiagnosis {
  readonly message: string
  readonly position: number
}

/** A place in the text inside some containers. */
interface Container {
  /** The names met so far, for an object. */
  readonly names: Set<string> | undefined
}

const whitespace = /[ \t\n\r]*/y
// `[ !#-[\]-\uffff]` is all that a string may hold unescaped. The repeated group is entered once per
// escape, not per character: a long string can't exhaust the expression's stack.
const string = /"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*)*"/y
const scalar = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![0-9.])|true|false|null/y

const aValue = 'a value'
const aName = 'a name in double quotes'

/**
 * Finds the first problem of a JSON text (RFC 8259) that was refused: broken syntax, a name twice
 * in one object, too many containers inside one another, a number beyond a double. Only for texts
 * that failed: it is some ten times slower than JSON.parse, and never recurses.
 */
export function diagnoseJson(text: string, maxDepth: number): JsonDiagnosis {
  const containers: Container[] = []
  let at = 0
  const skip = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  const problem = (message: string, position = at): JsonDiagnosis => ({
    message: `${message} at character ${position}`,
    position,
  })
  const expected = (what: string): JsonDiagnosis => {
    if (at >= text.length) return problem(`it ends where ${what} is expected,`)
    const brokenString = text[at] === '"' && (what === aValue || what === aName)
    if (brokenString) return problem('a string that does not end well begins')
    return problem(`${what} is expected`)
  }

  /** Reads `"name":`; undefined if all is well. */
  const readName = (names: Set<string>): JsonDiagnosis | undefined => {
    skip(whitespace)
    const start = at
    const token = skip(string)
    if (token === undefined) return expected(aName)
    const name: string = JSON.parse(token)
    if (names.has(name)) {
      return problem(`${JSON.stringify(excerpt(name))} stands twice in one object,`, start)
    }
    names.add(name)
    skip(whitespace)
    if (text[at] !== ':') return expected('a colon')
    at++
    return undefined
  }

  for (;;) {
    // A value begins here.
    skip(whitespace)
    const opener = text[at]
    if (opener === '{' || opener === '[') {
      if (containers.length === maxDepth) {
        return problem(`more than ${maxDepth} containers stand inside one another`)
      }
      at++
      const names = opener === '{' ? new Set<string>() : undefined
      containers.push({ names })
      skip(whitespace)
      if (text[at] !== (names ? '}' : ']')) {
        const wrong = names && readName(names)
        if (wrong) return wrong
        continue
      }
    } else {
      const start = at
      const token = skip(string) ?? skip(scalar)
      if (token === undefined) return expected(aValue)
      if (/^[-0-9]/.test(token) && !Number.isFinite(Number(token))) {
        return problem('a number is beyond what a double holds', start)
      }
    }
    // A value ended here, or a container can be closed.
    for (;;) {
      skip(whitespace)
      const container = containers.at(-1)
      if (!container) {
        return at < text.length
          ? problem('something follows the value')
          : problem('nothing is wrong')
      }
      const { names } = container
      if (text[at] === (names ? '}' : ']')) {
        at++
        containers.pop()
        continue
      }
      if (text[at] !== ',') return expected(names ? 'a comma or }' : 'a comma or ]')
      at++
      const wrong = names && readName(names)
      if (wrong) return wrong
      break
    }
  }
}
