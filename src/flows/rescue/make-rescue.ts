import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { DwError } from '../../domain/error.ts'
import { encodeComponent } from '../../domain/name.ts'
import type { Rescue, RescuedFile } from '../../domain/rescue.ts'
import { type NewObject, objectId, writeObjects } from '../../git/objects.ts'
import { unreachableCommits } from '../../git/reachable.ts'
import { createRef } from '../../git/refs.ts'
import { buildTrees, type TreeFile } from '../../git/trees.ts'
import { writeFiles } from '../../git/worktree-files.ts'
import { worktreeRefs } from '../../git/worktrees.ts'
import { timestamp, type Workspace } from '../workspace.ts'
import type { Contents } from '../worktree/contents.ts'
import { gatherFiles, gatherState, indexOf, linkBytes } from './gather.ts'
import { rescueRef } from './rescue-ref.ts'

/** The worktree whose content is to be kept. */
export interface RescueSource {
  readonly path: string
  readonly gitDir: string
  readonly contents: Contents
  readonly task?: string
  readonly session?: string
}

export interface MadeRescue {
  readonly name: string
  readonly rescue: Rescue
  /** Ignored files and directories that it does not hold: they are too much to keep. */
  readonly left: readonly string[]
}

/** Commits that only the worktree's reflog knows, at most. */
const MOST_PARENTS = 200

/**
 * Keeps what a worktree contains beyond its HEAD as a commit under `refs/dw-local/rescue/` (design §9):
 * index, changed, untracked and small ignored files byte for byte, and what was under way. Null when there
 * is nothing to keep. `always` keeps HEAD even so. Throws DW_GIT, DW_BUSY when files change meanwhile.
 */
export async function makeRescue(
  workspace: Workspace,
  source: RescueSource,
  always: boolean,
): Promise<MadeRescue | null> {
  const { path, gitDir, contents } = source
  // of a worktree whose files are gone, the index alone is kept
  const gathered = await gatherFiles(
    path,
    contents.status,
    contents.unwatched.map((each) => each.path),
  )
  const index = indexOf(contents.status)
  const empty =
    gathered.files.length + gathered.gone.length === 0 &&
    Object.values(index).every((list) => list.length === 0)
  if (empty && !always && contents.operation === null) return null
  const [state, refs] = await Promise.all([gatherState(gitDir), worktreeRefs(workspace.git, gitDir)])
  const { status } = contents
  const rescue: Rescue = {
    v: 1,
    at: timestamp(workspace),
    path,
    ...(source.task === undefined ? {} : { task: source.task }),
    ...(source.session === undefined ? {} : { session: source.session }),
    branch: status.branch,
    head: status.head,
    ...index,
    files: gathered.files,
    gone: gathered.gone,
    unwatched: contents.unwatched.map(({ path: name, flag }) => ({ path: name, flag })),
    state: state.map((file) => file.path),
    refs,
  }
  const name = await write(workspace, path, rescue, state)
  return { name, rescue, left: gathered.left }
}

async function write(
  workspace: Workspace,
  path: string,
  rescue: Rescue,
  state: readonly { path: string; bytes: Buffer }[],
): Promise<string> {
  const { git, repository, around } = workspace
  const format = repository.objectFormat
  const before = await fingerprints(path, rescue.files)
  const work = await workFiles(workspace, path, rescue.files)
  const objects: NewObject[] = []
  const blob = (bytes: Uint8Array): string => {
    const object: NewObject = { type: 'blob', bytes }
    objects.push(object)
    return objectId(format, object)
  }
  const files: TreeFile[] = [
    { path: 'rescue.json', mode: '100644', oid: blob(Buffer.from(`${JSON.stringify(rescue)}\n`)) },
    ...rescue.index.map(({ path: name, stage, mode, oid }) => ({
      path: `index/${stage}/${name}`,
      mode,
      oid,
    })),
    ...state.map((file) => ({ path: `state/${file.path}`, mode: '100644', oid: blob(file.bytes) })),
    ...work.map((file) => ({ ...file, path: `work/${file.path}` })),
  ]
  const tree = buildTrees(format, files)
  objects.push(...tree.objects)
  const hidden = state.flatMap(({ bytes }) => bytes.toString('latin1').match(/\b[0-9a-f]{40,64}\b/g) ?? [])
  const lost = await unreachableCommits(git, [...hidden, ...rescue.refs.map(({ oid }) => oid)])
  const parents = [...(rescue.head === null ? [] : [rescue.head]), ...lost.slice(0, MOST_PARENTS)]
  const commit: NewObject = {
    type: 'commit',
    bytes: Buffer.from(commitText(workspace, tree.oid, [...new Set(parents)], rescue)),
  }
  objects.push(commit)
  await writeObjects(git, format, objects)
  if ((await fingerprints(path, rescue.files)) !== before) throw stillWritten(path)
  const label = rescue.task ?? rescue.branch ?? path.split('/').at(-1) ?? 'worktree'
  const name = `${encodeComponent(label).slice(0, 60)}-${around.randomWord().slice(0, 6)}`
  if (!(await createRef(git, rescueRef(name), objectId(format, commit)))) {
    throw new DwError('DW_GIT', `the rescue of "${path}" could not be written`, { hints: ['try again'] })
  }
  return name
}

async function workFiles(
  workspace: Workspace,
  top: string,
  files: readonly RescuedFile[],
): Promise<TreeFile[]> {
  const { git, repository } = workspace
  const format = repository.objectFormat
  const regular = files.filter(({ type }) => type === 'file')
  const links = files.filter(({ type }) => type === 'link')
  const targets = await Promise.all(
    links.map(async ({ path }): Promise<NewObject> => ({ type: 'blob', bytes: await linkBytes(top, path) })),
  )
  const oids = await writeFiles(
    git,
    format,
    top,
    regular.map(({ path }) => path),
  )
  await writeObjects(git, format, targets)
  return [
    ...regular.map(({ path, mode }, at) => ({
      path,
      mode: Number.parseInt(mode, 8) & 0o100 ? '100755' : '100644',
      oid: oids[at] ?? '',
    })),
    ...targets.map((target, at) => ({
      path: links[at]?.path ?? '',
      mode: '120000',
      oid: objectId(format, target),
    })),
  ]
}

/** What changes when a file is written: whoever still writes would lose what comes after the rescue. */
async function fingerprints(top: string, files: readonly RescuedFile[]): Promise<string> {
  const each = await Promise.all(
    files.map(async ({ path }) => {
      const status = await lstat(join(top, path), { bigint: true }).catch(() => null)
      return status === null ? 'gone' : `${status.ino}:${status.size}:${status.mtimeNs}:${status.ctimeNs}`
    }),
  )
  return each.join('\n')
}

function stillWritten(path: string): DwError {
  return new DwError('DW_BUSY', `files in "${path}" were written while they were being kept`, {
    hints: ['see who works there, then try again'],
    details: { path },
  })
}

function commitText(workspace: Workspace, tree: string, parents: readonly string[], rescue: Rescue): string {
  const { around } = workspace
  const clean = (text: string) => text.replace(/[<>\u0000-\u001f]/g, '') || 'unknown'
  const who = `${clean(around.user)} <${clean(around.user)}@${clean(around.host)}>`
  const when = `${Math.floor(around.now() / 1000)} +0000`
  const lines = [
    `tree ${tree}`,
    ...parents.map((parent) => `parent ${parent}`),
    `author ${who} ${when}`,
    `committer ${who} ${when}`,
    '',
    `rescue of ${rescue.path.replaceAll('\n', ' ')}`,
  ]
  return `${lines.join('\n')}\n`
}
