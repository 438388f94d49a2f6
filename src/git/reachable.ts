import type { Git } from './exec.ts'

/** Whether `commit` is on no branch, local or of a remote, and on no tag: nothing but a HEAD keeps it. Throws DW_GIT. */
export async function isOnNoBranch(git: Git, commit: string): Promise<boolean> {
  const args = ['rev-list', '--max-count=1', commit, '--not', '--branches', '--remotes', '--tags', '--']
  return (await git.output(args)).length > 0
}

/** Those of `oids` that are commits which no ref keeps, in no order. Throws DW_GIT. */
export async function unreachableCommits(git: Git, oids: readonly string[]): Promise<string[]> {
  const asked = [...new Set(oids)].filter((oid) => /^(?!0+$)[0-9a-f]{40,64}$/.test(oid))
  if (asked.length === 0) return []
  const types = await git.output(['cat-file', '--batch-check=%(objectname) %(objecttype)'], {
    input: `${asked.join('\n')}\n`,
  })
  const lines = types.toString('utf8').split('\n')
  const commits = lines.flatMap((line) => /^([0-9a-f]+) commit$/.exec(line)?.[1] ?? [])
  if (commits.length === 0) return []
  const input = `${commits.join('\n')}\n`
  const output = await git.output(['rev-list', '--stdin', '--not', '--all'], { input })
  const unreachable = new Set(output.toString('utf8').split('\n'))
  return commits.filter((commit) => unreachable.has(commit))
}

/** How many commits of `head` neither a remote's branch has nor one of `bases`. Throws DW_GIT. */
export async function countCommits(git: Git, head: string, bases: readonly string[]): Promise<number> {
  const args = ['rev-list', '--count', head, '--not', '--remotes', ...bases, '--']
  return Number((await git.output(args)).toString('utf8').trim())
}
