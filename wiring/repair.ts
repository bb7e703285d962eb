import type { Config } from '../config/compile-config.ts'
import type { Settings } from '../config/settings.ts'
import type { Asked } from '../repair/command.ts'
import type { RepairContext } from '../repair/repair-context.ts'
import { runCommand } from '../repair/run-command.ts'
import { checksum } from '../runtime/checksum.ts'
import { systemClock } from '../runtime/clock.ts'
import { openLog } from './open-log.ts'
import { expectationOf, requireAddresses } from './shards.ts'

/** Runs an operator's command on the settings' log and shards. Rejects with what to do, for people. */
export async function repair(
  settings: Settings,
  config: Config,
  { command, reason, who }: Asked & { readonly who: string },
  write: RepairContext['write'],
): Promise<void> {
  const addresses = requireAddresses(config)
  const log = await openLog(settings, config.shards.count, 'repair')
  try {
    const { cluster, map, topic } = expectationOf(config, settings, log)
    const all = { cluster, map, topic, clock: systemClock }
    const targets = addresses.map((address) => ({ address, ...all }))
    const newEpoch = () => crypto.randomUUID()
    const context = { log, types: config.types, checksum, targets, who, reason, newEpoch, write }
    await runCommand(context, command)
  } finally {
    await log.close()
  }
}
