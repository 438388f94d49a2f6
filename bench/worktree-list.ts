import { spawnSync } from 'node:child_process'
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sandbox } from '../test/harness/sandbox.ts'
import { type Measured, measure } from './measure.ts'

/** How many worktrees are listed. */
const WORKTREES = 50

/** The most that the list may take of what git takes for as many statuses. */
const BAR = 1.5

/**
 * `git dw worktree list` against `git worktree list` and a `git status` in each worktree. Half of the worktrees
 * have work in them, every tenth is merged by its files, and the main branch has gone on.
 */
export async function worktreeList(sandbox: Sandbox, rounds: number): Promise<string> {
  const agent = 'lister'
  const paths: string[] = []
  for (let at = 0; at < WORKTREES; at += 1) {
    const claim = await sandbox.dw(['claim', '--task', `list-${at}`], { agent })
    if (claim.status !== 0) throw new Error(claim.stderr)
    const cwd = claim.stdout.trim()
    paths.push(cwd)
    if (at % 2 === 1) continue
    writeFileSync(join(cwd, `work-${at}.ts`), 'work\n')
    appendFileSync(join(cwd, `src/part-${at}/file.ts`), '// work\n')
    await sandbox.git(['add', '.'], { cwd })
    await sandbox.git(['commit', '-q', '-m', 'work'], { cwd })
  }
  for (let at = 0; at < WORKTREES; at += 10) {
    await sandbox.git(['merge', '-q', '--squash', `feature/list-${at}`])
    await sandbox.git(['commit', '-q', '-m', `list-${at}`])
  }
  const run = (args: readonly string[], cwd: string) => {
    const { status, stderr } = spawnSync('git', args, { cwd, env: sandbox.env({ agent }), encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
  const measured = measure(
    [
      { name: '`git dw worktree list`', run: () => run(['dw', 'worktree', 'list'], sandbox.repo) },
      {
        name: `\`git worktree list\` and ${WORKTREES} × \`git status\``,
        run: () => {
          run(['worktree', 'list'], sandbox.repo)
          for (const path of paths) run(['status'], join(path))
        },
      },
    ],
    rounds,
  )
  return table(measured)
}

function table([ours, raw]: readonly Measured[]): string {
  if (ours === undefined || raw === undefined) return ''
  const line = ({ name, median, least, most }: Measured) =>
    `| ${name} | ${median.toFixed(0)} | ${least.toFixed(0)}–${most.toFixed(0)} |\n`
  const ratio = ours.median / raw.median
  return [
    `\n| with ${WORKTREES} worktrees | median, ms | min–max, ms |\n|---|--:|--:|\n`,
    line(ours),
    line(raw),
    `\nThe list takes ${ratio.toFixed(1)} × as long; the bar of ${BAR} × ${ratio <= BAR ? 'holds' : 'is missed'}.\n`,
  ].join('')
}
