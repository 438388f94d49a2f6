import { ago } from '../duration.ts'
import type { Session, WorktreeNote } from '../record.ts'
import type { SoundSession } from './judge-sessions.ts'
import type { OldSession } from './old-state.ts'
import type { Here, MigrationItem } from './plan.ts'

/** The record that an old session becomes. `heard` is when it was last heard from, in milliseconds. */
export function sessionRecord(sound: SoundSession, here: Here, heard: number | undefined): Session {
  const { session, project } = sound
  const { id, status, task, pr, createdAt } = session
  const worktree = worktreeNote(session, here)
  return {
    kind: 'session',
    id,
    status,
    owner: here.owner,
    ...(project === null ? {} : { project: project.name }),
    ...(task === null ? {} : { task }),
    ...(worktree === null ? {} : { worktree }),
    ...(pr === null ? {} : { pr }),
    createdAt,
    lastActivity: heard === undefined ? session.lastActivity : new Date(heard).toISOString(),
    ttl: here.sessionTtl,
    // its locks come in the same step
    fence: heard === undefined ? 0 : 1,
    revoked: [],
  }
}

/** Where its worktree is, or was: this is only ever shown (design §4). */
function worktreeNote({ worktree, createdAt }: OldSession, here: Here): WorktreeNote | null {
  if (worktree === null) return null
  const listed = here.worktrees.get(worktree.path)
  return {
    path: listed?.path ?? worktree.path,
    // what is checked out there says more than what was
    branch: (listed?.missing === false ? listed.branch : null) ?? worktree.branch ?? '',
    base: '',
    createdAt: worktree.createdAt ?? createdAt,
  }
}

export function sessionItem(record: Session, file: string, now: number): MigrationItem {
  const state = record.status === 'ended' ? 'ended' : 'not ended'
  const why = `${state}, last seen ${ago(record.lastActivity, now)}`
  return { what: 'session', name: record.id, file, brought: true, why }
}
