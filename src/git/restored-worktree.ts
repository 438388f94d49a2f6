import { type Git, gitError } from './exec.ts'

/** Makes a worktree without any file in it, at `commit`, detached. Throws DW_GIT. */
export async function addEmptyWorktree(git: Git, path: string, commit: string): Promise<void> {
  const args = ['worktree', 'add', '--quiet', '--detach', '--no-checkout', '--', path, commit]
  const result = await git.run(args, { foreground: true })
  if (result.status !== 0) throw gitError(args, result)
}

/** Points HEAD of the worktree at a branch, or at a commit, without touching index or files. Throws DW_GIT. */
export async function setHead(
  git: Git,
  path: string,
  head: { readonly branch: string } | { readonly commit: string },
): Promise<void> {
  const args =
    'branch' in head
      ? ['symbolic-ref', 'HEAD', `refs/heads/${head.branch}`]
      : ['update-ref', '--no-deref', 'HEAD', head.commit]
  await git.output(args, { cwd: path, entering: true })
}

/** Fills the index from `commit` (none: leaves it empty) and writes its files. Throws DW_GIT. */
export async function fillFromCommit(git: Git, path: string, commit: string | null): Promise<void> {
  const options = { cwd: path, entering: true, foreground: true }
  if (commit === null) {
    await git.output(['read-tree', '--empty'], options)
    return
  }
  await git.output(['read-tree', commit], options)
  await git.output(['checkout-index', '--all', '--force'], options)
}

/** Changes to an index: `lines` as `git update-index --index-info -z` takes them. Throws DW_GIT. */
export async function changeIndex(git: Git, path: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return
  const input = lines.map((line) => `${line}\0`).join('')
  await git.output(['update-index', '-z', '--index-info'], { cwd: path, entering: true, input })
}

/** Marks paths as to be added (git add -N). Throws DW_GIT. */
export async function intendToAdd(git: Git, path: string, files: readonly string[]): Promise<void> {
  if (files.length === 0) return
  const input = files.map((file) => `${file}\0`).join('')
  const args = ['--literal-pathspecs', 'add', '--intent-to-add', '--force']
  await git.output([...args, '--pathspec-from-file=-', '--pathspec-file-nul'], {
    cwd: path,
    entering: true,
    input,
  })
}

/** Compares the index's notes of the files with the files, so that what is unchanged shows so. */
export async function refreshIndex(git: Git, path: string): Promise<void> {
  await git.run(['update-index', '-q', '--really-refresh'], { cwd: path, entering: true, timeout: 120_000 })
}

/** Tells git not to look at the files' changes (git-update-index(1)). Throws DW_GIT. */
export async function flagPaths(
  git: Git,
  path: string,
  flag: 'assume-unchanged' | 'skip-worktree',
  files: readonly string[],
): Promise<void> {
  if (files.length === 0) return
  const input = files.map((file) => `${file}\0`).join('')
  await git.output(['update-index', `--${flag}`, '-z', '--stdin'], { cwd: path, entering: true, input })
}
