import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { refusedFor, trespassLines } from '../../domain/trespass.ts'
import { stagedPaths } from '../../git/changed-paths.ts'
import { corrupt, type Workspace } from '../workspace.ts'
import { meetPaths, readOthersGround } from './others-ground.ts'

/**
 * By `dw.preCommit`, warns of a commit whose staged paths other live sessions hold, or throws DW_LOCKED or
 * DW_CORRUPT_STATE (design §10). Git gives the hook an index of its own when it commits single files.
 */
export async function checkCommit(workspace: Workspace): Promise<void> {
  const { settings, around } = workspace
  if (!settings.hooks || settings.preCommit === 'off') return
  const index = around.env['GIT_INDEX_FILE']
  const [others, paths] = await Promise.all([
    readOthersGround(workspace),
    stagedPaths(workspace.git, await parentsOf(workspace), index),
  ])
  const { trespasses, damaged, ground } = await meetPaths(workspace, others, paths)
  const { vantage } = ground ?? others.ground
  const denies = settings.preCommit === 'deny'
  if (trespasses.length > 0 && denies) {
    throw refusedFor('the commit is refused: others hold what it changes', trespasses, vantage)
  }
  if (damaged[0] !== undefined && denies) throw corrupt(damaged[0])
  for (const line of trespassLines(trespasses, vantage)) around.say(`git dw: warning: ${line}`)
  for (const { ref } of damaged) around.say(`git dw: warning: the record at "${ref}" cannot be read`)
}

/** What the commit will follow: HEAD, or nothing yet; and the other parents of a merge that goes on. */
async function parentsOf(workspace: Workspace): Promise<string[]> {
  const { git, repository } = workspace
  const head = await git.run(['rev-parse', '--quiet', '--verify', 'HEAD^{commit}'])
  const first = head.status === 0 ? head.stdout.toString('utf8').trim() : await emptyTree(workspace)
  const merged = await readFile(join(repository.gitDir, 'MERGE_HEAD'), 'utf8').catch(() => '')
  return [first, ...merged.split('\n').filter((line) => line !== '')]
}

async function emptyTree({ git }: Workspace): Promise<string> {
  return (await git.output(['hash-object', '-t', 'tree', '--stdin'])).toString('utf8').trim()
}
