/**
 * What keeps a rule of DESIGN.md's table of what always holds, with what it would be without it. `npm
 * run faults:guards` takes one away after the other, in a copy of the sources, and demands that a test
 * notices.
 *
 * To add one: name the file, a text that stands in it exactly once, and what stands there instead. The
 * result must still run. If a text is not found any more, the guard was moved or lost: look which.
 */
export interface Guard {
  readonly name: string
  /** What goes wrong without it. */
  readonly else: string
  readonly edits: readonly Edit[]
  /** Test files, or folders of them, that are meant to notice. */
  readonly tests: readonly string[]
}

export interface Edit {
  readonly file: string
  readonly text: string
  readonly instead: string
}

/** Whole deployments under all faults: it notices much of what the tests of one part do. */
export const simulator = 'test/simulator'
