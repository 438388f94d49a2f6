import type { CleanupItem } from '../../domain/cleanup.ts'
import { untilSettled } from '../until-settled.ts'
import type { Workspace } from '../workspace.ts'
import { journaled, logsOf, type SessionStep, sessionSteps } from './session-changes.ts'
import { type Survey, survey } from './survey.ts'

/** Sessions that one transaction cleans up. */
const TOGETHER = 50

/**
 * Takes the steps that a survey calls for, some at a time. Where somebody moved one of their refs meanwhile,
 * each of them is judged anew for itself; what is not due any more is left.
 */
export async function cleanSessions(workspace: Workspace, first: Survey): Promise<CleanupItem[]> {
  const steps = sessionSteps(workspace, first)
  const done: CleanupItem[] = []
  for (let at = 0; at < steps.length; at += TOGETHER) {
    workspace.around.signal.throwIfAborted()
    const some = steps.slice(at, at + TOGETHER)
    if (await take(workspace, first, some)) done.push(...some.flatMap(finished))
    else for (const { id } of some) done.push(...(await cleanOne(workspace, first, id)))
  }
  return done
}

async function cleanOne(workspace: Workspace, first: Survey, id: SessionStep['id']): Promise<CleanupItem[]> {
  return untilSettled(workspace, async () => {
    const now = await survey(workspace, first.me, { dryRun: false })
    const step = sessionSteps(workspace, now).find((each) => each.id === id)
    if (step === undefined) return []
    return (await take(workspace, now, [step])) ? finished(step) : null
  })
}

async function take(workspace: Workspace, at: Survey, steps: readonly SessionStep[]): Promise<boolean> {
  const logs = await workspace.store.read({ refs: logsOf(at, steps) })
  const commit = await workspace.store.commit(journaled(workspace, at, logs, steps))
  if (commit.outcome === 'conflict') return false
  const over = steps.filter(({ items }) => items.some(({ what }) => what === 'session'))
  await Promise.all(over.map(({ id }) => workspace.clone.forget(id)))
  return true
}

function finished(step: SessionStep): CleanupItem[] {
  return step.items.map((item) => ({ ...item, done: true }))
}
