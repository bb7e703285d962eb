import { compareRows, type Difference } from '../../demo/compare.ts'
import type { LocalDeployment } from '../e2e/local-deployment.ts'
import { queryMysql } from '../e2e/local-deployment.ts'
import { type Audit, brokenMoves } from './audit.ts'
import type { JobCounts } from './client.ts'
import type { Load, LoadJob } from './load.ts'

/**
 * Holds all that the shards and the API say against the model: rows, counters, failures, outcomes,
 * receipts, and that the position only ever moved under its owner from where it stood.
 */
export async function differencesOf(
  deployment: LocalDeployment,
  load: Load,
  counts: ReadonlyMap<string, JobCounts>,
  audit: Audit,
): Promise<readonly Difference[]> {
  const { differences } = await compareRows(deployment.shardUrls, load.model)
  const failures = await failuresByJob(deployment)
  return [
    ...differences,
    ...load.jobs.flatMap((job) => failureDifferences(job, failures.get(job.job) ?? new Map())),
    ...load.jobs.flatMap((job) => countDifferences(job, counts.get(job.job))),
    ...strangers(load, failures),
    ...brokenMoves(await audit.moves()).map((what) => ({ kind: 'wrong' as const, what })),
    ...load.problems.map((what) => ({ kind: 'wrong' as const, what })),
  ]
}

type Failures = ReadonlyMap<number, string>

async function failuresByJob(deployment: LocalDeployment): Promise<ReadonlyMap<string, Failures>> {
  const byJob = new Map<string, Map<number, string>>()
  const sql = 'SELECT job, operation, code FROM sluice_failures'
  for (const url of deployment.shardUrls) {
    for (const { job, operation, code } of await queryMysql(url, sql)) {
      const known = byJob.get(job) ?? new Map<number, string>()
      byJob.set(job, known.set(Number(operation), code))
    }
  }
  return byJob
}

function failureDifferences({ job, expected }: LoadJob, found: Failures): Difference[] {
  const differences: Difference[] = []
  for (const index of new Set([...expected.keys(), ...found.keys()])) {
    const [must, is] = [expected.get(index), found.get(index)]
    if (must === is) continue
    // Each pin is created once: one that is there already was created twice.
    const kind = is === undefined ? 'lost' : is === 'already_exists' ? 'doubled' : 'wrong'
    const what = `operation ${index} of ${job}: ${is ?? 'no failure'}, not ${must ?? 'applied'}`
    differences.push({ kind, what })
  }
  return differences
}

function countDifferences(
  { job, operations, expected }: LoadJob,
  counts: JobCounts | undefined,
): Difference[] {
  if (!counts) return [{ kind: 'lost', what: `job ${job} is not known` }]
  const { state, accepted, applied, superseded, cancelled, failed, pending } = counts
  const mayBeSuperseded = operations.filter(({ op }) => op === 'update' || op === 'upsert').length
  const isRight =
    accepted === operations.length &&
    failed === expected.size &&
    pending === 0 &&
    cancelled === 0 &&
    applied + superseded + failed === accepted &&
    superseded <= mayBeSuperseded &&
    state === (failed > 0 ? 'done_with_failures' : 'done')
  if (isRight) return []
  const kind = pending > 0 || accepted < operations.length ? 'lost' : 'wrong'
  return [{ kind, what: `job ${job} is told as ${JSON.stringify(counts)}` }]
}

/** Failures of jobs that nobody holds a receipt of. */
function strangers({ jobs }: Load, failures: ReadonlyMap<string, Failures>): Difference[] {
  const known = new Set(jobs.map(({ job }) => job))
  const unknown = [...failures.keys()].filter((job) => !known.has(job))
  return unknown.map((job) => ({ kind: 'wrong', what: `failures of an unknown job ${job}` }))
}
