import { lstat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { formatKey } from '../../domain/key.ts'
import type { OldState } from '../../domain/migration/old-state.ts'
import type { Here, ListedWorktree } from '../../domain/migration/plan.ts'
import { listRefs } from '../../git/refs.ts'
import { hasStamp } from '../../store/local/stamp.ts'
import {
  ACTIVE_REF,
  ENDED_REF,
  LOCKS_REF,
  LOGS_REF,
  lockNameOf,
  META_REF,
  PROJECTS_REF,
  type RefName,
} from '../../store/ref-names.ts'
import type { Snapshot } from '../../store/store.ts'
import { registryIn } from '../projects.ts'
import { realPath } from '../real-path.ts'
import { ownerHere } from '../seat.ts'
import { checkMeta, corrupt, defaultProject, type Workspace } from '../workspace.ts'
import { type KnownWorktree, knownWorktrees } from '../worktree/known-worktree.ts'
import { absolutePath } from './state-directory.ts'

/** What this repository has that the old files could meet; `hasMeta` tells whether it has records at all. */
export interface Survey {
  readonly here: Here
  readonly hasMeta: boolean
}

/** Looks at this repository for a plan. Changes nothing. Throws DW_SCHEMA, DW_CORRUPT_STATE. */
export async function surveyHere(workspace: Workspace, state: string, old: OldState): Promise<Survey> {
  const { around, settings, cloneId, store, git } = workspace
  const roots = [META_REF, ACTIVE_REF, ENDED_REF, LOCKS_REF, PROJECTS_REF]
  const [snapshot, logs, known] = await Promise.all([
    store.read({ refs: roots }),
    listRefs(git, [LOGS_REF]),
    knownWorktrees(workspace),
  ])
  const hasMeta = checkMeta(snapshot, 'write') !== null
  const { projects, damaged } = registryIn(snapshot)
  const [first] = damaged
  if (first !== undefined) throw corrupt(first)
  const at = dirname(state)
  const places = await placesOf(workspace, known, old, at)
  const here: Here = {
    now: around.now(),
    // nobody sits in them: they are this clone's, until somebody resumes them
    owner: ownerHere(around, cloneId, null),
    sessionTtl: settings.sessionTtl,
    defaultProject: defaultProject(workspace),
    holdsState: (await placeOf(state, await topsOf(known))) !== null,
    places,
    worktrees: await worktreesOf(workspace, known, old, at),
    mainBranch: known.find(({ main }) => main)?.branch ?? null,
    sessions: new Set([ACTIVE_REF, ENDED_REF].flatMap((root) => namesBelow(root, [...snapshot.keys()]))),
    logs: new Set(
      namesBelow(
        LOGS_REF,
        logs.map(({ ref }) => ref),
      ),
    ),
    projects,
    locks: locksIn(snapshot),
  }
  return { here, hasMeta }
}

function namesBelow(root: RefName, refs: readonly string[]): string[] {
  return refs.filter((ref) => ref.startsWith(`${root}/`)).map((ref) => ref.slice(root.length + 1))
}

function locksIn(snapshot: Snapshot): Here['locks'] {
  return [...snapshot.values()].flatMap(({ ref, content }) => {
    const name = lockNameOf(ref)
    if (name === null) return []
    const lock = content.ok && content.record.kind === 'lock' ? content.record : null
    return [{ name, key: lock?.key ?? ref, session: lock?.session ?? 'a lock that cannot be read' }]
  })
}

/** Where in this repository each directory is that the old files name for a project. */
async function placesOf(workspace: Workspace, known: readonly KnownWorktree[], old: OldState, at: string) {
  const named = [...old.projects, ...old.files.flatMap(({ project }) => project ?? [])]
  const paths = new Set(named.flatMap(({ path }) => path ?? []))
  const tops = await topsOf(known)
  const places = new Map<string, string | null>()
  for (const path of paths) places.set(path, await placeOf(await located(workspace, path, at), tops))
  return places
}

/** The tops of the worktrees that are there. */
async function topsOf(known: readonly KnownWorktree[]): Promise<string[]> {
  const there = known.filter(({ bare, missing }) => !bare && !missing)
  return Promise.all(there.map(({ path }) => realPath(path)))
}

/** `path` from the top of the worktree that it lies in; null outside, and in a repository of its own. */
async function placeOf(path: string | null, tops: readonly string[]): Promise<string | null> {
  if (path === null) return null
  const around = tops.filter((top) => path === top || path.startsWith(`${top}${sep}`))
  const top = around.sort((a, b) => b.length - a.length)[0]
  if (top === undefined) return null
  for (let directory = path; directory !== top; directory = dirname(directory)) {
    if (await lstat(join(directory, '.git')).catch(() => null)) return null
  }
  const place = relative(top, path).split(sep).join('/')
  if (place.split('/').some((part) => part.toLowerCase() === '.git')) return null
  return formatKey({ kind: 'path', path: place })
}

/** The worktree that git lists at each path that the old sessions name; no other path is looked into. */
async function worktreesOf(workspace: Workspace, known: readonly KnownWorktree[], old: OldState, at: string) {
  const listed = new Map<string, ListedWorktree>()
  for (const worktree of known) {
    const { path, branch, gitDir, main, missing } = worktree
    const stamped = gitDir !== null && (await hasStamp(gitDir))
    listed.set(await realPath(path), { path, branch, gitDir, main, missing, stamped })
  }
  const sessions = [...old.registry, ...old.files]
  const paths = new Set(sessions.flatMap(({ worktree }) => worktree?.path ?? []))
  const found = new Map<string, ListedWorktree>()
  for (const path of paths) {
    const worktree = listed.get((await located(workspace, path, at)) ?? '')
    if (worktree !== undefined) found.set(path, worktree)
  }
  return found
}

/** An old path, from where the state directory lies, with its links resolved; null for what is no path. */
async function located(workspace: Workspace, path: string, at: string): Promise<string | null> {
  if (path.includes('\0')) return null
  return realPath(absolutePath(path, at, workspace.around.home)).catch(() => null)
}
