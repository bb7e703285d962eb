import { setTimeout as wait } from 'node:timers/promises'

type Answer = (request: Request) => Response | Promise<Response>

/** Clients that are about to send over a connection that they hold have done so by then. */
const lastCallMs = 100

/**
 * Answers as ever; once it is the last call, each answer tells its client to send what comes next over
 * another connection. A server that hung up at once would cut off requests on their way, and their
 * senders would not know what became of them; one that waited for its clients to go might never end.
 */
export class LastAnswers {
  readonly #answer: Answer
  #isLastCall = false

  constructor(answer: Answer) {
    this.#answer = answer
  }

  readonly answer: Answer = async (request) => {
    const response = await this.#answer(request)
    return this.#isLastCall ? lastOnItsConnection(response) : response
  }

  /** Resolves when it is time to hang up on whoever has nothing under way. */
  async lastCall(): Promise<void> {
    this.#isLastCall = true
    await wait(lastCallMs)
  }
}

function lastOnItsConnection({ body, status, headers: given }: Response): Response {
  const headers = new Headers(given)
  headers.set('connection', 'close')
  return new Response(body, { status, headers })
}
