import type { DwError } from '../../domain/error.ts'
import type { CheckName, Finding } from '../../domain/finding.ts'
import type { Ground } from '../ground.ts'
import type { Workspace } from '../workspace.ts'
import type { KnownWorktree } from '../worktree/known-worktree.ts'

/** What all checks look at, read once. */
export interface Examined {
  readonly workspace: Workspace
  /** All records under `refs/dw`, judged. */
  readonly ground: Ground
  /** All worktrees; empty where git cannot list them. */
  readonly worktrees: readonly KnownWorktree[]
  /** Why git cannot list them; null where it can. */
  readonly unlisted: DwError | null
  /** The records, left by a killed git, of which listing them dies; with `fix` they are gone by now. */
  readonly cutOff: readonly string[]
  /** The value of `--session`. */
  readonly session?: string
  /** Whether what is safe is put right. */
  readonly fix: boolean
}

/** What a check found; `ok` says what was looked at where it found nothing. */
export interface Check {
  readonly name: CheckName
  readonly ok: (examined: Examined) => string
  readonly find: (examined: Examined) => Promise<readonly Finding[]>
}

/** Age from which what a command was doing is not going on any more, in milliseconds. */
export const ABANDONED = 600_000
