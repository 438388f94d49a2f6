import { DwError } from '../../domain/error.ts'
import { planMigration } from '../../domain/migration/make-plan.ts'
import type { Plan } from '../../domain/migration/plan.ts'
import type { Timestamp } from '../../domain/record.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { readOldState } from '../../legacy/read-state.ts'
import { MigrationFiles } from '../../store/local/migration-files.ts'
import { grouped } from '../progress.ts'
import type { Workspace } from '../workspace.ts'
import { atWork, refuseHalf, refuseShared, whenAlone } from './alone.ts'
import { bringOver } from './bring-over.ts'
import { type FoundElsewhere, lookedUp, withAbsolutePaths } from './elsewhere.ts'
import { stateToMigrate } from './state-directory.ts'
import { surveyHere } from './survey-here.ts'
import { undoCommand } from './undo.ts'

export interface MigrationRequest {
  /** As it was given; by default the one that lies in the repository. */
  readonly state?: string
  readonly dryRun: boolean
  /** Brings over what is sound where something is not. */
  readonly partial: boolean
}

/** What a migration came to. */
export interface MigrationAnswer {
  readonly outcome: 'migrated' | 'would-migrate' | 'already' | 'stopped'
  readonly state: string
  /** When it was done; null when it was not. */
  readonly at: Timestamp | null
  /** Empty for `already`. */
  readonly plan: Plan
  /** Damaged entries that were left, or that stop it. */
  readonly left: number
  /** What belongs to other repositories, also for `already`. */
  readonly elsewhere: readonly FoundElsewhere[]
  /** What takes it back; null where nothing was done, or it would be refused now. */
  readonly undo: string | null
}

const NOTHING: Plan = {
  projects: [],
  sessions: [],
  locks: [],
  logs: [],
  adoptions: [],
  items: [],
  problems: [],
  elsewhere: [],
}

/**
 * Brings over what an older dw kept in files (docs/migration.md): all of it or nothing. Damaged entries stop
 * it, unless `partial`. The old files are only read. Throws DW_NOT_FOUND, DW_AMBIGUOUS, DW_BUSY, DW_REMOTE
 * where sharing is on, DW_READONLY.
 */
export async function migrate(workspace: Workspace, request: MigrationRequest): Promise<MigrationAnswer> {
  const state = await stateToMigrate(workspace, request.state)
  return migrateState(workspace, state, request)
}

/** The same for a directory that was looked up. */
export async function migrateState(
  workspace: Workspace,
  state: string,
  request: Omit<MigrationRequest, 'state'>,
): Promise<MigrationAnswer> {
  if (request.dryRun) return attempt(workspace, state, request)
  const answer = await whenAlone(workspace, () => attempt(workspace, state, request))
  if (answer === null) throw atWork()
  return answer
}

async function attempt(
  workspace: Workspace,
  state: string,
  request: Omit<MigrationRequest, 'state'>,
): Promise<MigrationAnswer> {
  const files = new MigrationFiles(workspace.repository.commonDir)
  const done = files.isDone(state) ? (await files.done()).find((each) => each.state === state) : undefined
  if (done !== undefined) {
    const [elsewhere, undo] = await Promise.all([
      lookedUp(done.elsewhere ?? []),
      undoCommand(workspace, done),
    ])
    return { outcome: 'already', state, at: done.at, plan: NOTHING, left: done.left, elsewhere, undo }
  }
  const { around } = workspace
  try {
    const old = await readOldState(state, {
      now: around.now(),
      signal: around.signal,
      ...(around.progress !== null && {
        progress: (at, total) => around.progress?.(`reading ${grouped(at)} of ${grouped(total)} sessions`),
      }),
    })
    const { here, hasMeta } = await surveyHere(workspace, state, old)
    const plan = withAbsolutePaths(planMigration(old, here), state, around.home)
    const left = plan.problems.length
    const elsewhere = await lookedUp(plan.elsewhere)
    const answer = { state, at: null, plan, left, elsewhere, undo: null }
    if (left > 0 && !request.partial) return { ...answer, outcome: 'stopped' }
    if (request.dryRun) return { ...answer, outcome: 'would-migrate' }
    refuseShared(workspace, state)
    refuseHalf(workspace)
    const note = await bringOver(workspace, state, plan, hasMeta)
    return { ...answer, outcome: 'migrated', at: note.at, undo: await undoCommand(workspace, note) }
  } finally {
    around.progress?.(null)
  }
}

/** DW_CORRUPT_STATE for a migration that damaged entries stop; its report says which. */
export function stoppedBy({ state, left }: MigrationAnswer): DwError {
  const entries = left === 1 ? '1 entry' : `${grouped(left)} entries`
  const command = `git dw migrate ${shellWord(state)}`
  return new DwError(
    'DW_CORRUPT_STATE',
    `${entries} in "${state}" cannot be brought over whole; nothing was`,
    {
      hints: [
        `bring over all the rest: ${command} --partial`,
        `see what that would be: ${command} --partial --dry-run`,
      ],
      details: { path: state },
    },
  )
}
