/** An answer of the API or of a worker's health, whatever its status. */
export interface Answer {
  readonly status: number
  readonly contentType: string | null
  readonly retryAfter: string | null
  readonly isReplayed: boolean
  readonly body: Record<string, unknown>
}

export async function get(url: string): Promise<Answer> {
  return answerOf(await fetch(url))
}

export async function post(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return postText(url, JSON.stringify(body), { 'content-type': 'application/json', ...headers })
}

export async function postText(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  return answerOf(await fetch(url, { method: 'POST', headers, body }))
}

async function answerOf(response: Response): Promise<Answer> {
  return {
    status: response.status,
    contentType: response.headers.get('content-type'),
    retryAfter: response.headers.get('retry-after'),
    isReplayed: response.headers.get('idempotent-replayed') === 'true',
    body: (await response.json()) as Record<string, unknown>,
  }
}
