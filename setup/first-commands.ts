/**
 * What a newcomer pastes into another terminal: a write, its job, the shards. For commands that work
 * on the databases themselves, also the URL of a MySQL that was started for this.
 */
export function commandsToPaste(url: string, startedMysqlUrl: string | undefined): string {
  return `
Write (two pins of one user, one of them counted up):

  curl -s ${url}/v1/writes -H 'content-type: application/json' -d '{"operations": [
    {"type": "pin", "op": "create", "object": {"id": "1", "userId": "7", "boardId": "3", "title": "First", "createdAt": "2026-11-23T03:04:05.123Z"}},
    {"type": "pin", "op": "create", "object": {"id": "2", "userId": "7", "boardId": "3", "title": "Second", "createdAt": "2026-11-23T03:04:06Z"}},
    {"type": "pin", "op": "increment", "object": {"id": "1", "userId": "7"}, "by": {"saves": 2}}]}'

Look at the job (its receipt is in the answer) and at what failed of it:

  curl -s ${url}/v1/jobs/RECEIPT
  curl -s ${url}/v1/jobs/RECEIPT/failures

Look at the shards:

  curl -s ${url}/v1/shards
${startedMysqlUrl === undefined ? '' : operatorsCommands(startedMysqlUrl)}
Ctrl-C stops everything; the next start goes on.`
}

function operatorsCommands(mysqlUrl: string): string {
  return `
As their operator, from this folder:

  export SLUICE_MYSQL_URL=${mysqlUrl}
  npm run repair -- show
`
}
