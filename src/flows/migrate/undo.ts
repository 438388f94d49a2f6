import { resolve } from 'node:path'
import { DwError } from '../../domain/error.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { listRefs, type RefUpdate } from '../../git/refs.ts'
import { MigrationFiles, type MigrationNote } from '../../store/local/migration-files.ts'
import { isStampedSo } from '../../store/local/stamp.ts'
import { META_REF } from '../../store/ref-names.ts'
import { realPath } from '../real-path.ts'
import type { Workspace } from '../workspace.ts'
import { atWork, refuseHalf, refuseShared, whenAlone } from './alone.ts'
import { ambiguous } from './state-directory.ts'
import { localStore, TOGETHER, takeBack } from './take-back.ts'

export interface UndoAnswer {
  readonly outcome: 'undone' | 'would-undo'
  readonly state: string
  /** What was made, and goes. */
  readonly refs: readonly string[]
  readonly worktrees: number
}

/**
 * Removes exactly what a migration made, as long as nothing of it was changed since. The old files are as
 * they were, so it can be migrated again. Throws DW_NOT_FOUND, DW_AMBIGUOUS, DW_IN_USE, DW_REMOTE, DW_BUSY.
 */
export async function undoMigration(
  workspace: Workspace,
  request: { readonly state?: string; readonly dryRun: boolean },
): Promise<UndoAnswer> {
  if (request.dryRun) {
    const { answer } = await look(workspace, request.state)
    return { ...answer, outcome: 'would-undo' }
  }
  const undone = await whenAlone(workspace, async (): Promise<UndoAnswer> => {
    refuseHalf(workspace)
    const { note, refs, answer } = await look(workspace, request.state)
    refuseShared(workspace, note.state, ' --undo')
    await removeAll(workspace, note, refs)
    return { ...answer, outcome: 'undone' }
  })
  if (undone === null) throw atWork()
  return undone
}

/** The command that takes a migration back; null where it would be refused now. */
export async function undoCommand(workspace: Workspace, note: MigrationNote): Promise<string | null> {
  if (workspace.settings.shares) return null
  const changed = await changedSinceThen(workspace, note)
  return changed.length === 0 ? `git dw migrate ${shellWord(note.state)} --undo` : null
}

async function look(workspace: Workspace, named: string | undefined) {
  const note = await noteOf(workspace, named)
  await refuseChanged(workspace, note)
  const refs = await goingRefs(workspace, note)
  const answer = { state: note.state, refs: refs.map(({ ref }) => ref), worktrees: note.stamps.length }
  return { note, refs, answer }
}

async function noteOf({ repository, around }: Workspace, named: string | undefined): Promise<MigrationNote> {
  const done = await new MigrationFiles(repository.commonDir).done()
  const path = named === undefined ? null : await realPath(resolve(around.cwd, named))
  const fitting = done.filter(({ state }) => path === null || state === path)
  const [note, ...more] = fitting
  if (more.length > 0)
    throw ambiguous(
      fitting.map(({ state }) => state),
      ' --undo',
    )
  if (note !== undefined) return note
  const what = named === undefined ? 'nothing was migrated here' : `nothing was migrated from "${named}"`
  throw new DwError('DW_NOT_FOUND', what, {
    hints:
      done.length === 0
        ? ['see what would be: git dw migrate --dry-run']
        : done.map(({ state }) => `there was: git dw migrate ${shellWord(state)} --undo`),
  })
}

/** The refs that go: all that were made, but the meta record where others have records by now. */
async function goingRefs(workspace: Workspace, note: MigrationNote): Promise<RefUpdate[]> {
  const found = new Set((await listRefs(workspace.git, ['refs/dw'])).map(({ ref }) => ref))
  const isAlone = note.refs.filter(([ref]) => found.has(ref)).length === found.size
  return note.refs
    .filter(([ref]) => isAlone || ref !== META_REF)
    .map(([ref, oid]) => ({ ref, from: oid, to: null }))
}

async function refuseChanged(workspace: Workspace, note: MigrationNote): Promise<void> {
  const changed = await changedSinceThen(workspace, note)
  if (changed.length > 0) throw changedSince(note, changed)
}

/** The refs, and the git directories of worktrees, that are no longer as they were made. */
async function changedSinceThen(workspace: Workspace, note: MigrationNote): Promise<string[]> {
  const found = new Map((await listRefs(workspace.git, ['refs/dw'])).map(({ ref, oid }) => [ref, oid]))
  const refs = note.refs.flatMap(([ref, oid]) => (found.get(ref) === oid ? [] : [ref as string]))
  const same = await Promise.all(note.stamps.map(({ gitDir, stamp }) => isStampedSo(gitDir, stamp)))
  const stamps = note.stamps.flatMap(({ gitDir }, at) => (same[at] ? [] : [gitDir]))
  return [...refs, ...stamps]
}

/** Names that an error spells out. */
const MOST_NAMED = 3

function changedSince(note: MigrationNote, changed: readonly string[]): DwError {
  const named = changed.slice(0, MOST_NAMED).map((name) => `"${name}"`)
  const more = changed.length - named.length
  const all = [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ')
  return new DwError(
    'DW_IN_USE',
    `not all is as it was brought over from "${note.state}": ${all} changed since`,
    {
      hints: [
        'what was brought over is in use: go on with it',
        'end what is not needed: git dw end <session>',
      ],
      details: { path: note.state },
    },
  )
}

/** All or nothing: where somebody moves one of them at the last moment, what went already is put back. */
async function removeAll(
  workspace: Workspace,
  note: MigrationNote,
  refs: readonly RefUpdate[],
): Promise<void> {
  const files = new MigrationFiles(workspace.repository.commonDir)
  const local = localStore(workspace)
  await files.reopen(note)
  const gone: RefUpdate[] = []
  for (let at = 0; at < refs.length; at += TOGETHER) {
    const some = refs.slice(at, at + TOGETHER)
    const commit = await local.move(some)
    if (commit.outcome === 'committed') {
      gone.push(...some)
      continue
    }
    for (let back = 0; back < gone.length; back += TOGETHER) {
      const steps = gone.slice(back, back + TOGETHER).map(({ ref, from }) => ({ ref, from: null, to: from }))
      await local.move(steps)
    }
    await files.finish(note)
    throw changedSince(note, commit.refs)
  }
  // the stamps, and the journal
  await takeBack(workspace, note)
}
