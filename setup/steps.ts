/** One line per step of set-up, with its time, for a person at a terminal and for a CI log alike. */
export interface Steps {
  /** Runs the work under a title; the work may say a better one once it knows more (a version). */
  step<T>(title: string, work: (say: (title: string) => void) => Promise<T>): Promise<T>
  /** One line that is no step: why a choice was passed over, which package is being installed. */
  note(text: string): void
}

/** The slice of a writable stream that steps are printed on. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/** Where the times line up; longer titles push theirs to the right. */
const timesFrom = 64

export function printSteps(out: Output): Steps {
  const running = new Set<{ title: string }>()

  // Only a terminal gets the line of what is under way: a log can't take it back.
  const erase = () => out.isTTY && out.write('\r\x1b[K')
  const draw = () => {
    if (!out.isTTY || running.size === 0) return
    const line = `… ${[...running].map((one) => one.title).join(', ')}`
    out.write(line.slice(0, (out.columns ?? 80) - 1))
  }
  const print = (line: string) => {
    erase()
    out.write(`${line}\n`)
    draw()
  }

  return {
    async step(title, work) {
      const one = { title }
      const startMs = performance.now()
      const end = (mark: string) => {
        const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
        running.delete(one)
        print(`${mark} ${one.title.padEnd(timesFrom)} ${seconds.padStart(6)} s`)
      }
      running.add(one)
      erase()
      draw()
      try {
        const result = await work((better) => {
          one.title = better
        })
        end('✔')
        return result
      } catch (error) {
        end('✘')
        throw error
      }
    },
    note: (text) => print(`  ${text}`),
  }
}

/** For tests and for servers started in passing. */
export const quietly: Steps = {
  step: (_, work) => work(() => {}),
  note: () => {},
}
