import { heartbeatDue } from '../domain/lease.ts'
import type { BlobId, Session } from '../domain/record.ts'
import { heard } from '../domain/session.ts'
import { activeRef, LOCKS_REF } from '../store/ref-names.ts'
import type { Snapshot } from '../store/store.ts'
import { readGround } from './ground.ts'
import { isLive, type SessionEntry, sessionIn } from './identity.ts'
import { checkMeta, timestamp, type Workspace } from './workspace.ts'

/** What became of a heartbeat, and the session as it stands after it. */
export interface Heartbeat {
  readonly outcome: 'written' | 'throttled' | 'ended' | 'contended'
  readonly session: Session
}

/** Tries while others move the session's record. */
const TRIES = 5

/**
 * Renews the lease of a session and of all its locks, at most once per min(`dw.heartbeatInterval`,
 * ¼ of its shortest ttl). Heartbeats are not logged: they would push everything else out of the log.
 * `force` writes it however young the last one is; `patience` is how long lock files in the way are
 * waited for, in milliseconds.
 */
export async function heartbeat(
  workspace: Workspace,
  mine: SessionEntry,
  options: { readonly force?: boolean; readonly patience?: number } = {},
): Promise<Heartbeat> {
  const { clone, around, store } = workspace
  const { session, entry } = mine
  const beat = await clone.beat(session.id)
  const current = beat?.record === entry.oid ? beat : undefined
  if (!options.force && current !== undefined && around.now() < current.due)
    return { outcome: 'throttled', session }
  const window = current?.window ?? (await windowOf(workspace, session))
  const age = (around.now() - Date.parse(session.lastActivity)) / 1000
  if (!options.force && age >= 0 && age < window) {
    await remember(workspace, session, entry.oid, window)
    return { outcome: 'throttled', session }
  }
  // somebody may move the record meanwhile: the lease is theirs to judge, so it is read and tried anew
  let from = mine
  for (let tries = 0; tries < TRIES; tries += 1) {
    const to = heard(from.session, timestamp(workspace))
    const commit = await store.commit([{ ref: activeRef(session.id), from: from.entry, to }], {
      decided: 'here',
      ...(options.patience === undefined ? {} : { patience: options.patience }),
    })
    if (commit.outcome === 'committed') {
      await remember(workspace, to, commit.oids.get(activeRef(session.id)) ?? from.entry.oid, window)
      return { outcome: 'written', session: to }
    }
    const again = sessionIn(await store.read({ refs: [from.entry.ref] }), session.id)
    if (again === undefined || !isLive(again)) return { outcome: 'ended', session: from.session }
    from = again
  }
  return { outcome: 'contended', session: from.session }
}

/**
 * The heartbeat of a command that only reads: it says nothing, waits for nobody, and its failure is no
 * failure (design §5). Whether it was written.
 */
export async function heartbeatQuietly(
  workspace: Workspace,
  mine: SessionEntry,
  snapshot: Snapshot,
): Promise<boolean> {
  try {
    checkMeta(snapshot, 'write')
    return (await heartbeat(workspace, mine, { patience: 0 })).outcome === 'written'
  } catch {
    return false
  }
}

/** Keeps the next heartbeat's time after a change that wrote the session's record. `ttls` in seconds. */
export async function rememberChange(
  workspace: Workspace,
  before: BlobId | null,
  after: { readonly session: Session; readonly oid: BlobId },
  ttls: readonly number[],
): Promise<void> {
  const { clone, settings } = workspace
  const { session, oid } = after
  const beat = await clone.beat(session.id)
  const fresh = heartbeatDue(settings.heartbeatInterval, session, ttls)
  if (before === null) await remember(workspace, session, oid, fresh)
  else if (beat?.record === before) await remember(workspace, session, oid, Math.min(beat.window, fresh))
}

async function remember(
  workspace: Workspace,
  session: Session,
  record: BlobId,
  window: number,
): Promise<void> {
  // where the clock was set back, the last activity lies ahead
  const { clone, around } = workspace
  const now = around.now()
  const due = Math.min(Date.parse(session.lastActivity), now) + window * 1000
  // the hooks compare with the clock of the file system
  const fileDue = around.fileClock() + due - now
  await clone.setBeat(session.id, { record, due, window }, fileDue).catch(() => undefined)
}

async function windowOf(workspace: Workspace, session: Session): Promise<number> {
  const { holdings } = await readGround(workspace, await workspace.store.read({ refs: [LOCKS_REF] }))
  const ttls = holdings.filter(({ record }) => record.session === session.id).map(({ record }) => record.ttl)
  return heartbeatDue(workspace.settings.heartbeatInterval, session, ttls)
}
