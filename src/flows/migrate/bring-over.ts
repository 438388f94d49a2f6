import { DwError } from '../../domain/error.ts'
import { lockName, parseKey } from '../../domain/key.ts'
import type { Plan } from '../../domain/migration/plan.ts'
import { packBlobs } from '../../git/blobs.ts'
import { resolveNames } from '../../git/refs.ts'
import { syncFileSystem } from '../../programs/sync-file-system.ts'
import type { GitStore, Staged } from '../../store/git-store.ts'
import { MigrationFiles, type MigrationNote } from '../../store/local/migration-files.ts'
import { createStamp } from '../../store/local/stamp.ts'
import { keepsTables } from '../../store/ref-files.ts'
import { activeRef, endedRef, lockRef, logRef, META_REF, projectRef } from '../../store/ref-names.ts'
import { STORE_SCHEMA } from '../../store/schema.ts'
import type { Change } from '../../store/store.ts'
import { grouped } from '../progress.ts'
import { timestamp, type Workspace } from '../workspace.ts'
import { dropGuard, heldGuard, setGuard } from './guard.ts'
import { localStore, TOGETHER, takeBack } from './take-back.ts'

/** More blobs than this are written as one pack, and their refs synced at once. */
const MOST_LOOSE = 100

/**
 * Makes all that is planned, or nothing. The journal is on disk before the first ref moves; a failure takes
 * back what was made, a kill leaves the journal, by which the next command does. Throws DW_BUSY, DW_READONLY.
 */
export async function bringOver(
  workspace: Workspace,
  state: string,
  plan: Plan,
  hasMeta: boolean,
): Promise<MigrationNote> {
  const { around, repository } = workspace
  const local = localStore(workspace)
  const files = new MigrationFiles(repository.commonDir)
  const staged = local.stage(changesOf(workspace, plan, hasMeta))
  const note: MigrationNote = {
    state,
    at: timestamp(workspace),
    left: plan.problems.length,
    refs: staged.updates.flatMap(({ ref, to }) => (to === null ? [] : [[ref, to] as const])),
    elsewhere: plan.elsewhere,
    stamps: plan.adoptions.map(({ gitDir, session, key }) => ({ gitDir, stamp: { session, key } })),
  }
  // what a kill right after the end of one has left
  await dropGuard(workspace, local)
  await files.begin(note)
  try {
    around.signal.throwIfAborted()
    await writeAll(workspace, local, staged)
    for (const { gitDir, stamp } of note.stamps) {
      if (!(await createStamp(gitDir, stamp))) throw changedMeanwhile()
    }
    around.signal.throwIfAborted()
    await files.finish(note)
  } catch (error) {
    await takeBack(workspace, note).catch((problem) => tellLeft(workspace, problem))
    throw error
  } finally {
    around.progress?.(null)
  }
  await dropGuard(workspace, local)
  return note
}

/** What could not be taken back now, the next command takes back: the journal stays. */
function tellLeft({ around }: Workspace, problem: unknown): void {
  const why = problem instanceof Error ? problem.message : String(problem)
  around.say(`warning: what was written so far is taken back by the next command: ${why}`)
}

async function writeAll(workspace: Workspace, local: GitStore, staged: Staged): Promise<void> {
  const { around } = workspace
  const { updates } = staged
  const oids = updates.flatMap(({ to }) => to ?? [])
  const total = updates.length
  const show = (done: number) => around.progress?.(`writing ${grouped(done)} of ${grouped(total)} records`)
  show(0)
  await writeBlobs(workspace, local, staged)
  const [guard] = oids
  if (guard === undefined) return
  if (!(await setGuard(local, guard))) throw changedMeanwhile()
  const { commonDir } = workspace.repository
  // one sync of all costs a third of writing out each; what a power cut leaves before it, taking back clears
  const isMany = total > MOST_LOOSE && !(await keepsTables(commonDir))
  const durability = isMany && (await syncFileSystem(commonDir)) ? 'later' : 'together'
  for (let at = 0; at < total; at += TOGETHER) {
    around.signal.throwIfAborted()
    const steps = [heldGuard(guard), ...updates.slice(at, at + TOGETHER)]
    const commit = await local.move(steps, [], { durability })
    if (commit.outcome === 'conflict') throw changedMeanwhile()
    show(Math.min(at + TOGETHER, total))
  }
  if (durability === 'later' && !(await syncFileSystem(commonDir))) {
    around.signal.throwIfAborted()
    throw notSynced()
  }
  // a `prune --expire=now` beside us may have taken blobs before their refs stood
  const there = await resolveNames(workspace.git, oids)
  if (there.includes(null)) await local.write(staged.bodies)
}

async function writeBlobs(workspace: Workspace, local: GitStore, { bodies }: Staged): Promise<void> {
  if (bodies.length <= MOST_LOOSE) return local.write(bodies)
  const { git, repository } = workspace
  // where that cannot be written, writing them one by one tells why
  await packBlobs(git, repository.objectFormat, bodies).catch(() => local.write(bodies))
}

/** The changes in the order in which they are made: sessions before their locks (design §3). */
function changesOf(workspace: Workspace, plan: Plan, hasMeta: boolean): Change[] {
  const meta = {
    kind: 'meta',
    schema: STORE_SCHEMA,
    minReader: 1,
    id: workspace.around.randomWord(),
  } as const
  const records = [
    ...plan.sessions.map((to) => {
      return { ref: to.status === 'active' ? activeRef(to.id) : endedRef(to.id), from: null, to }
    }),
    ...plan.locks.map((to) => ({ ref: lockRef(lockName(parseKey(to.key))), from: null, to })),
    ...plan.logs.map(({ session, events }) => {
      return { ref: logRef(session), from: null, to: { kind: 'log', events } as const }
    }),
    ...plan.projects.map((to) => ({ ref: projectRef(to.name), from: null, to })),
  ]
  return hasMeta || records.length === 0 ? records : [{ ref: META_REF, from: null, to: meta }, ...records]
}

function notSynced(): DwError {
  return new DwError('DW_BUSY', 'what was written could not be synced to disk; nothing was brought over', {
    hints: ['see whether the disk is sound, then try again'],
  })
}

function changedMeanwhile(): DwError {
  return new DwError('DW_BUSY', 'somebody changed records here at the same time; nothing was brought over', {
    hints: ['try again'],
  })
}
