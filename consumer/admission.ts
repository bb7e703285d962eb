import { noPlanLimits, planWindow } from '../core/plan.ts'
import { comparePositions } from '../core/position.ts'
import type { RequestVerdicts } from '../core/request-blocks.ts'
import { blocksOf, judgeRequests } from '../core/request-blocks.ts'
import type { WindowTransaction } from '../core/shard-store.ts'
import type { Source } from '../core/source.ts'
import { judgeRetries } from './retried.ts'
import type { AdmittedWindow, IsCancelled, Window } from './window.ts'

/**
 * What of a window runs, decided inside its transaction, behind the fence: not what another copy of
 * a keyed request or another retry settled, not what comes under a key that stands for another body,
 * not what was cancelled since the window was cut. If all of it runs, its plan stays as it is; else
 * what is left is planned anew, and what that takes above what was paid for is a debt, as isolation's
 * statements are.
 */
export async function admit(
  window: Window,
  transaction: WindowTransaction,
  isCancelled: IsCancelled,
  nowMs: number,
): Promise<AdmittedWindow> {
  const { plan } = window
  const sources = inLogOrder(window)
  const verdicts = await judge(sources, transaction, nowMs)
  const { duplicates, reused, outdated, changes } = verdicts
  const { again, gone } = await judgeRetries(transaction, sources)
  const failed = [...reused, ...gone]
  // What is settled already can't be cancelled any more.
  const left = new Set([...duplicates, ...again, ...failed.map(({ source }) => source)])
  const cancelled = plan.sources.filter((source) => !left.has(source) && isCancelled(source))
  for (const source of cancelled) left.add(source)
  const isLeft = (source: Source) => left.has(source)
  const isWhole = left.size === 0 || !plan.sources.some(isLeft)
  const admitted = isWhole ? plan.sources : plan.sources.filter((source) => !isLeft(source))
  return {
    ...window,
    plan: isWhole
      ? plan
      : planWindow(admitted, { ...noPlanLimits, statementBytes: plan.statementBytes }),
    rejected: [...window.rejected.filter(({ source }) => !isLeft(source)), ...failed],
    cancelled: [...window.cancelled.filter((source) => !isLeft(source)), ...cancelled],
    duplicates: [...duplicates, ...again],
    outdated,
    requests: changes,
  }
}

/** Most windows hold no keyed request, and read nothing. */
async function judge(sources: readonly Source[], transaction: WindowTransaction, nowMs: number) {
  const blocks = blocksOf(sources)
  if (blocks.length === 0) return noVerdicts
  const verdicts = judgeRequests(sources, await transaction.readRequests(blocks), nowMs)
  // Before anything runs: it may take its time, and nobody's rows are held yet.
  if (verdicts.begun.size > 0) await transaction.clearJobs(verdicts.begun)
  return verdicts
}

const noVerdicts: Omit<RequestVerdicts, 'begun' | 'changes'> & { readonly changes: undefined } = {
  duplicates: new Set(),
  reused: [],
  outdated: new Set(),
  changes: undefined,
}

/** All that the window settles. */
function inLogOrder({ plan, rejected, cancelled }: Window): readonly Source[] {
  if (rejected.length === 0 && cancelled.length === 0) return plan.sources
  const others = rejected.map(({ source }) => source)
  return [...others, ...plan.sources, ...cancelled].sort((a, b) => comparePositions(a.end, b.end))
}
