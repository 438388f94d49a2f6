import { DwError } from '../domain/error.ts'
import { holderDetails } from '../domain/holder.ts'
import type { Options, RemoteDamage, RemoteLock, RemoteRecords, RemoteSession } from './package.d.ts'
import { type RemoteView, readRemote } from './read-remote.ts'

export { DwError }

/** What `git-dw/reader` exports; package.d.ts says what it answers. */
export async function readRecords(url: string, options: Options = {}): Promise<RemoteRecords> {
  const { now = Date.now, ...rest } = options
  const view = await readRemote({ ...rest, url, now: now() })
  return {
    url: view.url,
    locks: locksOf(view),
    sessions: sessionsOf(view),
    damaged: view.damaged.map(({ ref, oid, content }): RemoteDamage => {
      const problem = content.ok ? 'belongs to a session whose record cannot be read' : content.problem
      return { ref, oid, problem, newer: !content.ok && content.newer }
    }),
  }
}

function locksOf({ holdings, vantage }: RemoteView): RemoteLock[] {
  return holdings.map((holding) => {
    const { record, state } = holding
    return {
      ...holderDetails(holding, vantage),
      state,
      claim: record.claim,
      provisional: record.provisional ?? false,
      ttl: record.ttl,
      branch: record.branch ?? null,
      base: record.base ?? null,
      worktree: record.worktree ?? null,
      with: record.with ?? null,
    }
  })
}

function sessionsOf({ sessions }: RemoteView): RemoteSession[] {
  return sessions.map(({ session, state, locks }) => ({
    id: session.id,
    state,
    owner: session.owner,
    project: session.project ?? null,
    task: session.task ?? null,
    worktree: session.worktree ?? null,
    pr: session.pr ?? null,
    createdAt: session.createdAt,
    lastActivity: session.lastActivity,
    ttl: session.ttl,
    fence: session.fence,
    locks: locks.map(({ record }) => record.key),
    revoked: session.revoked,
  }))
}
