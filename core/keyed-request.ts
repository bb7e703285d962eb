import type { NewDigest } from './digest.ts'
import type { MessageHeaders } from './log.ts'

/**
 * What makes a request take effect once, however often it is sent. It travels in the headers of the
 * request's messages: the digest is known only once the last operation was read, when the first
 * messages are encoded already.
 */
export interface KeyedRequest {
  /** As the client gave it; of the scope of a tenant. */
  readonly key: string
  /** SHA-256 of the body and its form, in base64url: the same key with another body is another request. */
  readonly digest: string
  /** When it was published, on the API's clock: one time for all its messages. */
  readonly publishedAtMs: number
}

/** How long a key stands for its request, from publishing to publishing. */
export const keyLifetimeMs = 24 * 60 * 60 * 1000

export const maxKeyLength = 255

const header = {
  key: 'sluice-key',
  digest: 'sluice-digest',
  publishedAt: 'sluice-published-at',
} as const

const printable = /^[\x20-\x7e]{1,255}$/
const digestForm = /^[\w-]{43}$/
const epochMsForm = /^\d{1,15}$/

/** What a client may choose as a key. */
export function isKey(text: string): boolean {
  return printable.test(text)
}

/** What Sluice itself derives a job's id from: it begins with a tab, which no client's key can. */
export function ownKey(text: string): string {
  return `\t${text}`
}

export function keyedHeaders({ key, digest, publishedAtMs }: KeyedRequest): MessageHeaders {
  return {
    [header.key]: key,
    [header.digest]: digest,
    [header.publishedAt]: String(publishedAtMs),
  }
}

/** Undefined for a request without a key; words for what is of no known form, never with its values. */
export function readKeyedHeaders(headers: MessageHeaders): KeyedRequest | string | undefined {
  const key = headers[header.key]
  const digest = headers[header.digest]
  const publishedAt = headers[header.publishedAt]
  if (key === undefined && digest === undefined && publishedAt === undefined) return undefined
  if (key === undefined || !isKey(key)) return ofAnotherForm(header.key)
  if (digest === undefined || !digestForm.test(digest)) return ofAnotherForm(header.digest)
  if (publishedAt === undefined || !epochMsForm.test(publishedAt))
    return ofAnotherForm(header.publishedAt)
  return { key, digest, publishedAtMs: Number(publishedAt) }
}

function ofAnotherForm(name: string): string {
  return `a header ${name} of another form`
}

/** Half a SHA-256: 132 bits, which nobody meets by chance. */
const jobPartLength = 22

/**
 * What the messages of a keyed request name as their job. With the digest's part, which only their
 * headers know, it is the job's id: the same for the same request, another one for another body.
 */
export function keyedJobPart(newDigest: NewDigest, tenant: string, key: string): string {
  const digest = newDigest()
  digest.update(JSON.stringify([tenant, key]))
  return digest.finish().slice(0, jobPartLength)
}

/** The id of a keyed request's job. */
export function keyedJob(jobPart: string, digest: string): string {
  return `${jobPart}.${digest.slice(0, jobPartLength)}`
}
