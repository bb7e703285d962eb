import { createHash, timingSafeEqual } from 'node:crypto'
import { maxTenantLength } from '../core/tenant.ts'
import { keyEntries } from './key-file.ts'
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

const apiKeyFile = {
  name: 'API key file',
  entry:
    '{"hash": "sha256:<64 hex digits>", "tenant": "feeds", "role": "writer", "types": ["pin"]}',
}
const fields = ['hash', 'tenant', 'role', 'types']

/** The keys in the text of an API key file. Throws an Error that names the entry, never its hash. */
export function parseApiKeys(text: string): ApiKey[] {
  return keyEntries(text, apiKeyFile).map(({ entry, fail }) => {
    const unknown = Object.keys(entry).find((name) => !fields.includes(name))
    if (unknown !== undefined) fail(`has an unknown field ${unknown}`)
    const { hash, tenant, role, types } = entry
    const digest = typeof hash === 'string' && /^sha256:([0-9a-f]{64})$/i.exec(hash)?.[1]
    if (!digest) return fail('needs a hash, `sha256:` and 64 hex digits')
    if (typeof tenant !== 'string' || tenant === '' || tenant.length > maxTenantLength) {
      return fail(`needs a tenant, of ${maxTenantLength} characters at most`)
    }
    if (!isRole(role)) return fail(`needs a role, one of ${roles.join(', ')}`)
    const areNames = Array.isArray(types) && types.every((type) => typeof type === 'string')
    if (types !== undefined && !areNames) return fail('has types that are not a list of names')
    const key = { hash: Uint8Array.from(Buffer.from(digest, 'hex')), tenant, role }
    return areNames ? { ...key, types } : key
  })
}

function isRole(role: unknown): role is Role {
  return (roles as readonly unknown[]).includes(role)
}

/** Whether only this machine can reach an address: all that may be served without API keys. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
  )
}
