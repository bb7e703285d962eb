import { adoptLog } from './adopt-log.ts'
import type { Command } from './command.ts'
import type { RepairContext } from './repair-context.ts'
import { setPosition } from './set-position.ts'
import { show } from './show.ts'
import { skipMessage } from './skip-message.ts'

/** Runs a command, or tells what it would do. Rejects, for people, if it makes no sense. */
export function runCommand(context: RepairContext, command: Command): Promise<void> {
  switch (command.name) {
    case 'show':
      return show(context, command)
    case 'set-position':
      return setPosition(context, command)
    case 'skip-message':
      return skipMessage(context, command)
    case 'adopt-log':
      return adoptLog(context, command)
    default:
      return command satisfies never
  }
}
