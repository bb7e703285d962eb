import { parseArgs } from 'node:util'

/** Where `set-position` moves a shard: a position, or one end of what the log holds. */
export type PlaceAsked = 'start' | 'end' | { readonly offset: number; readonly operation: number }

export type Command =
  | { readonly name: 'show'; readonly shard: number | undefined }
  | { readonly name: 'set-position'; readonly shard: number; readonly to: PlaceAsked }
  | { readonly name: 'skip-message'; readonly shard: number; readonly offset: number }
  | { readonly name: 'adopt-log'; readonly shard: number | undefined }

export type CommandName = Command['name']

export interface Asked {
  readonly command: Command
  /** Undefined is a dry run. */
  readonly reason: string | undefined
  /** Who does it, if not the account of the system that runs it. */
  readonly who: string | undefined
}

export const commandNames: readonly CommandName[] = [
  'show',
  'set-position',
  'skip-message',
  'adopt-log',
]

/** A command line that says nothing doable; the message says what is wrong with it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What the arguments ask for; `help` for `--help`, of one command or of all. Throws a `UsageError`. */
export function parseCommand(args: readonly string[]): Asked | { help: CommandName | undefined } {
  const { values, positionals } = parse(args)
  const [name, ...others] = positionals
  if (values.help || name === undefined)
    return { help: commandNames.find((known) => known === name) }
  if (others.length > 0)
    throw new UsageError(`${others[0]} is one word too many: one command at a time`)
  const command = commandOf(name, values)
  const { yes, reason, who } = values
  if (reason !== undefined && reason.trim() === '') throw new UsageError('--reason is empty')
  if (yes && reason === undefined && name !== 'show') {
    throw new UsageError('--yes needs --reason "why": it is kept in sluice_audit')
  }
  return { command, reason: yes ? reason : undefined, who }
}

type Values = ReturnType<typeof parse>['values']

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        shard: { type: 'string' },
        to: { type: 'string' },
        offset: { type: 'string' },
        reason: { type: 'string' },
        who: { type: 'string' },
        yes: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function commandOf(name: string, values: Values): Command {
  const { shard, to, offset } = values
  switch (name) {
    case 'show':
      refuseOthers(name, { to, offset })
      return { name, shard: optional(shard) }
    case 'set-position':
      refuseOthers(name, { offset })
      return { name, shard: number('--shard', shard), to: placeOf(to) }
    case 'skip-message':
      refuseOthers(name, { to })
      return { name, shard: number('--shard', shard), offset: number('--offset', offset) }
    case 'adopt-log':
      refuseOthers(name, { to, offset })
      return { name, shard: optional(shard) }
    default:
      throw new UsageError(`there is no command ${name}: it is one of ${commandNames.join(', ')}`)
  }
}

/** What another command takes was meant for something. */
function refuseOthers(name: string, options: Readonly<Record<string, string | undefined>>): void {
  for (const [option, value] of Object.entries(options)) {
    if (value !== undefined) throw new UsageError(`${name} takes no --${option}`)
  }
}

function optional(shard: string | undefined): number | undefined {
  return shard === undefined ? undefined : number('--shard', shard)
}

function number(option: string, text: string | undefined): number {
  if (text === undefined) throw new UsageError(`${option} is missing`)
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new UsageError(`${option} is ${text}, expected a whole number`)
}

function placeOf(text: string | undefined): PlaceAsked {
  if (text === undefined) throw new UsageError('--to is missing')
  if (text === 'start' || text === 'end') return text
  const [, offset, operation = '0'] = text.match(/^(\d+)(?:\.(\d+))?$/) ?? []
  const place = { offset: Number(offset), operation: Number(operation) }
  if (Object.values(place).every(Number.isSafeInteger)) return place
  throw new UsageError(
    `--to is ${text}, expected start, end, an offset (1207) or offset.operation (1207.3)`,
  )
}
