import { chmod, lstat, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { DwError } from '../../domain/error.ts'
import type { Rescue, RescuedFile } from '../../domain/rescue.ts'
import { readObjects, resolveNames } from '../../git/refs.ts'
import {
  addEmptyWorktree,
  changeIndex,
  fillFromCommit,
  flagPaths,
  intendToAdd,
  refreshIndex,
  setHead,
} from '../../git/restored-worktree.ts'
import { gitDirOf, listWorktrees } from '../../git/worktrees.ts'
import { realPath } from '../real-path.ts'
import type { Workspace } from '../workspace.ts'
import { findRescue, type KeptRescue } from './list-rescues.ts'

export interface RestoreAnswer {
  readonly name: string
  readonly path: string
  /** The branch that the worktree is on; null for a detached HEAD. */
  readonly branch: string | null
  /** Why it is not on the branch it was on; undefined when it is. */
  readonly detached?: string
  readonly rescue: Rescue
}

/**
 * Brings a rescue back into a new worktree: HEAD, index, working and untracked files byte for byte and with
 * their modes, and what was under way (design §9). The rescue stays. `path` is where; undefined for where it
 * was. Throws DW_NOT_FOUND, DW_EXISTS, DW_CORRUPT_STATE, DW_GIT.
 */
export async function restoreRescue(
  workspace: Workspace,
  request: { readonly name: string; readonly path?: string },
): Promise<RestoreAnswer> {
  const kept = await findRescue(workspace, request.name)
  const { rescue } = kept
  if (rescue === null) throw unreadable(kept)
  const path = await realPath(resolve(workspace.around.cwd, request.path ?? rescue.path))
  await refuseOccupied(path)
  const { git } = workspace
  await addEmptyWorktree(git, path, kept.commit)
  const detached = await restoreHead(workspace, kept, rescue, path)
  await fillFromCommit(git, path, rescue.head)
  await changeIndex(git, path, indexLines(rescue, kept.commit.length))
  await intendToAdd(git, path, await writeWork(workspace, kept, rescue, path))
  await restoreState(workspace, kept, rescue, path)
  await refreshIndex(git, path)
  for (const flag of ['assume-unchanged', 'skip-worktree'] as const) {
    const files = rescue.unwatched.filter((each) => each.flag === flag)
    await flagPaths(
      git,
      path,
      flag,
      files.map((each) => each.path),
    )
  }
  const branch = detached === undefined ? rescue.branch : null
  return { name: kept.name, path, branch, ...(detached === undefined ? {} : { detached }), rescue }
}

/** Puts HEAD where it was; where its branch has moved or is used elsewhere, on its commit, and says why. */
async function restoreHead(
  workspace: Workspace,
  kept: KeptRescue,
  rescue: Rescue,
  path: string,
): Promise<string | undefined> {
  const { git } = workspace
  const { branch, head } = rescue
  const reason = branch === null ? undefined : await reasonNotOn(workspace, branch, head, path)
  if (branch !== null && reason === undefined) await setHead(git, path, { branch })
  else await setHead(git, path, { commit: head ?? kept.commit })
  return branch === null ? 'it was on no branch' : reason
}

async function reasonNotOn(
  workspace: Workspace,
  branch: string,
  head: string | null,
  path: string,
): Promise<string | undefined> {
  const worktrees = await listWorktrees(workspace.git)
  const other = worktrees.find((each) => each.branch === branch && each.path !== path)
  if (other !== undefined) return `its branch "${branch}" is checked out in "${other.path}"`
  const [at] = await resolveNames(workspace.git, [`refs/heads/${branch}`])
  if ((at ?? null) === head) return undefined
  return at === null ? `its branch "${branch}" is gone` : `its branch "${branch}" has moved since`
}

function indexLines(rescue: Rescue, oidLength: number): string[] {
  const none = '0'.repeat(oidLength)
  const conflicted = rescue.index.filter(({ stage }) => stage > 0).map(({ path }) => path)
  return [
    ...[...new Set([...rescue.unindexed, ...conflicted])].map((path) => `0 ${none}\t${path}`),
    ...rescue.index.map(({ path, stage, mode, oid }) => `${mode} ${oid} ${stage}\t${path}`),
  ]
}

/** Content read and written at one time, in files. */
const BATCH = 100

/** Writes the files as they were; returns those that are to be added. */
async function writeWork(
  workspace: Workspace,
  kept: KeptRescue,
  rescue: Rescue,
  path: string,
): Promise<readonly string[]> {
  for (const gone of rescue.gone) await rm(join(path, gone), { force: true })
  // what the index has and the file had not is written by nobody else
  const indexed = rescue.index.filter(({ stage }) => stage === 0).map((entry) => entry.path)
  const written = new Set([...rescue.files.map((file) => file.path), ...rescue.gone])
  await writeStaged(workspace, rescue, path, new Set(indexed.filter((each) => !written.has(each))))
  for (const each of rescue.unindexed) if (!written.has(each)) await rm(join(path, each), { force: true })
  for (let at = 0; at < rescue.files.length; at += BATCH) {
    const files = rescue.files.slice(at, at + BATCH)
    const names = files.map((file) => file.path)
    const contents = await readTree(workspace, `${kept.commit}:work`, names)
    for (const [nth, file] of files.entries()) await writeOne(path, file, contents[nth] ?? null, kept)
  }
  return rescue.intended
}

/** Files that are as the index has them: git writes them, filters included. */
async function writeStaged(
  workspace: Workspace,
  rescue: Rescue,
  path: string,
  names: ReadonlySet<string>,
): Promise<void> {
  const files = rescue.index.filter((entry) => names.has(entry.path) && entry.mode !== '160000')
  if (files.length === 0) return
  const input = files.map((entry) => `${entry.path}\0`).join('')
  await workspace.git.output(['checkout-index', '--force', '-z', '--stdin'], {
    cwd: path,
    entering: true,
    input,
  })
}

async function writeOne(
  top: string,
  file: RescuedFile,
  bytes: Buffer | null,
  kept: KeptRescue,
): Promise<void> {
  if (bytes === null) throw unreadable(kept)
  const target = join(top, file.path)
  await mkdir(dirname(target), { recursive: true })
  await rm(target, { force: true })
  if (file.type === 'link') {
    await symlink(bytes, target)
    return
  }
  await writeFile(target, bytes, { flag: 'wx' })
  await chmod(target, Number.parseInt(file.mode, 8))
}

async function restoreState(
  workspace: Workspace,
  kept: KeptRescue,
  rescue: Rescue,
  path: string,
): Promise<void> {
  const gitDir = await gitDirOf(path)
  if (gitDir === null) return
  const contents = await readTree(workspace, `${kept.commit}:state`, rescue.state)
  for (const [at, name] of rescue.state.entries()) {
    const bytes = contents[at] ?? null
    if (bytes === null) throw unreadable(kept)
    await mkdir(dirname(join(gitDir, name)), { recursive: true })
    await writeFile(join(gitDir, name), bytes)
  }
  for (const { name, oid } of rescue.refs) {
    await workspace.git.run(['update-ref', name, oid], { cwd: path, entering: true })
  }
}

/** The blobs at `names` of a tree, by way of the tree's own listing, which any name fits through. */
async function readTree(
  workspace: Workspace,
  tree: string,
  names: readonly string[],
): Promise<(Buffer | null)[]> {
  if (names.length === 0) return []
  const output = await workspace.git.output(['ls-tree', '-r', '-z', tree], { entering: false })
  const oids = new Map(
    output
      .toString('utf8')
      .split('\0')
      .map((line): [string, string] => {
        const tab = line.indexOf('\t')
        return [line.slice(tab + 1), line.slice(0, tab).split(' ')[2] ?? '']
      }),
  )
  const objects = await readObjects(
    workspace.git,
    names.map((name) => oids.get(name) ?? 'missing'),
  )
  return objects.map((object) => object?.bytes ?? null)
}

async function refuseOccupied(path: string): Promise<void> {
  const status = await lstat(path).catch(() => null)
  if (status === null || (status.isDirectory() && (await readdir(path)).length === 0)) return
  throw new DwError('DW_EXISTS', `"${path}" exists already`, {
    hints: ['restore to another place: git dw rescue restore <name> --path <directory>'],
    details: { path },
  })
}

function unreadable(kept: KeptRescue): DwError {
  return new DwError('DW_CORRUPT_STATE', `the rescue "${kept.name}" cannot be read`, {
    hints: [`see what is in it: git ls-tree -r ${kept.ref}`],
    details: { ref: kept.ref, oid: kept.commit },
  })
}
