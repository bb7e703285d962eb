import type { CommandName } from './command.ts'

const texts: Readonly<Record<CommandName, string>> = {
  show: `show [--shard n]
    Where each shard stands, what its log holds, and what comes next. Changes nothing.
      npm run repair -- show --shard 3`,
  'set-position': `set-position --shard n --to <offset>[.<operation>] | start | end
    Moves a shard's position. Forward, what lies between is never applied, and counts as cancelled in
    its jobs. Back, it is applied again: increments add once more, creates that took effect fail as
    already_exists, older values overwrite newer ones where a type has no version.
      npm run repair -- set-position --shard 3 --to 1207
      npm run repair -- set-position --shard 3 --to end --yes --reason "log restored, tail lost"`,
  'skip-message': `skip-message --shard n --offset o
    Passes the message that a shard stands at and that no worker can read: of an unknown version, type
    or property. It is kept raw in sluice_failures. First try what keeps everything: a worker whose
    version and config know it.
      npm run repair -- skip-message --shard 3 --offset 1207
      npm run repair -- skip-message --shard 3 --offset 1207 --yes --reason "written by a test build"`,
  'adopt-log': `adopt-log [--shard n]
    After the log that the shards stand in is gone for good, and npm run migrate made a new one: each
    shard begins at the start of the new one. What the old one still held is lost.
      npm run repair -- adopt-log
      npm run repair -- adopt-log --yes --reason "cluster lost, see incident 42"`,
}

const introduction = `The operator's way out. Without --yes a command changes nothing: it says what it would do, and what
that loses or repeats. Set what workers are set up with: SLUICE_CONFIG, SLUICE_MYSQL_URL,
SLUICE_KAFKA_BROKERS or SLUICE_DATA_DIR, …; shards are reached with the worker's account.`

const conclusion = `  --yes --reason "why"   does it; who, when, why and what it did is kept in the shard's sluice_audit
  --who name             who that was, if not the account that runs this

Workers and APIs run on: the shard waits while what is skipped or repeated is counted, then its worker
loses it and finds the new position within seconds, a shard that is stopped when it looks again
(stoppedRetryMs). After adopt-log those that had opened the old log must be started again. What each
alert means, and what to do: docs/runbook.md.`

/** What a command does, or all of them, with examples. */
export function helpText(name: CommandName | undefined): string {
  const chosen = name ? [texts[name]] : Object.values(texts)
  const indented = chosen.map((text) => `  ${text}`)
  return [introduction, 'Commands, as npm run repair -- <command>:', ...indented, conclusion].join(
    '\n\n',
  )
}
