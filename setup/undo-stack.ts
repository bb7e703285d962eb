/** What was started, to be stopped in the opposite order. */
export class UndoStack {
  readonly #undo: (() => Promise<void>)[] = []

  push(undo: () => Promise<void>): void {
    this.#undo.push(undo)
  }

  /** One that fails is told, and does not keep the others from stopping. */
  async run(): Promise<void> {
    for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop()) {
      await undo().catch((error: Error) => console.error(error.message))
    }
  }
}
