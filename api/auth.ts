import { createHash, timingSafeEqual } from 'node:crypto'
import { maxTenantLength } from '../core/tenant.ts'
import { Problem } from './problem.ts'

/** `writer` writes and looks at its tenant's jobs, `reader` only looks, `admin` may do everything. */
const roles = ['reader', 'writer', 'admin'] as const
type Role = (typeof roles)[number]

/** Who sends a request. */
export interface Caller {
  readonly tenant: string
  readonly role: Role
  /** The only types it may write; absent means all. */
  readonly types?: readonly string[]
}

export interface ApiKey extends Caller {
  /** SHA-256 of the key: keys are random and long, so a slow hash would add nothing. */
  readonly hash: Uint8Array
}

/** Finds who sends a request by its Authorization header. Throws a 401 Problem. */
export type Authenticate = (authorization: string | undefined) => Caller

/** Who everybody is where no keys are configured, which only loopback addresses may serve. */
const anonymous: Caller = { tenant: 'default', role: 'admin' }

export function authenticateBy(keys: readonly ApiKey[] | undefined): Authenticate {
  if (keys === undefined) return () => anonymous
  return (authorization) => {
    const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) throw unauthorized('Send `Authorization: Bearer <API key>`.')
    const hash = createHash('sha256').update(token).digest()
    // All keys are compared, each in constant time: the time taken tells nothing about any.
    let found: ApiKey | undefined
    for (const key of keys) if (timingSafeEqual(key.hash, hash)) found = key
    if (!found) throw unauthorized('The API key that was sent is not one of this deployment.')
    return found
  }
}

function unauthorized(detail: string): Problem {
  return new Problem('unauthorized', detail, { headers: { 'www-authenticate': 'Bearer' } })
}

/** Throws a 403 Problem unless the caller may write at all. */
export function requireWriter(caller: Caller): void {
  if (caller.role !== 'reader') return
  throw new Problem('forbidden', 'This API key has the role reader, writes need writer or admin.')
}

export function requireMayWrite(caller: Caller, type: string): void {
  if (!caller.types || caller.types.includes(type)) return
  throw new Problem(
    'forbidden',
    `This API key may write ${caller.types.join(', ')}, not ${type}. Nothing was written.`,
  )
}

/**
 * The keys in the text of an API key file: a JSON list of
 * `{"hash": "sha256:<64 hex digits>", "tenant": "…", "role": "writer", "types"?: ["…"]}`.
 * Throws an Error that names the entry, never its hash.
 */
export function parseApiKeys(text: string): ApiKey[] {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    throw new Error('the API key file is not JSON')
  }
  if (!Array.isArray(list) || list.length === 0) {
    throw new Error('the API key file must be a list with at least one key')
  }
  return list.map(parseApiKey)
}

const fields = ['hash', 'tenant', 'role', 'types']

function parseApiKey(entry: Record<string, unknown> | null, place: number): ApiKey {
  const expect = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(`entry ${place} of the API key file ${what}`)
  }
  expect(typeof entry === 'object' && entry !== null && !Array.isArray(entry), 'must be an object')
  const { hash, tenant, role, types } = entry ?? {}
  for (const name in entry) {
    expect(fields.includes(name), `has an unknown field ${name}; known are ${fields.join(', ')}`)
  }
  const digest = typeof hash === 'string' ? /^sha256:([0-9a-f]{64})$/i.exec(hash)?.[1] : undefined
  expect(digest !== undefined, 'needs a hash, `sha256:` and 64 hex digits')
  const isTenant = typeof tenant === 'string' && tenant !== '' && tenant.length <= maxTenantLength
  expect(isTenant, `needs a tenant, of ${maxTenantLength} characters at most`)
  expect(roles.includes(role as Role), `needs a role, one of ${roles.join(', ')}`)
  const areNames = Array.isArray(types) && types.every((type) => typeof type === 'string')
  expect(types === undefined || areNames, 'has types that are not a list of names')
  return {
    hash: Uint8Array.from(Buffer.from(digest!, 'hex')),
    tenant: tenant as string,
    role: role as Role,
    ...(areNames && { types }),
  }
}

/** Whether only this machine can reach an address: all that may be served without API keys. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
  )
}
