import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { Terminal } from '../harness/terminal.ts'
import { test } from '../harness/transcript.ts'
import { CountedGit } from '../process/counted-git.ts'

const ANNA = { agent: 'anna' }
const TASKS = Array.from({ length: 9 }, (_, at) => `T${at + 1}`)

test('on a terminal the rows of worktree list appear as they are known', async ({ sandbox }) => {
  for (const task of TASKS) await sandbox.dw(['claim', '--task', task], ANNA)
  // a git that looks at the last worktrees only once it may
  const directory = join(sandbox.root, 'slow')
  mkdirSync(directory)
  const git = (await sandbox.run('sh', ['-c', 'command -v git'])).stdout.trim()
  const wait = 'while [ ! -e "$HOME/go" ]; do sleep 0.05; done'
  const script = `#!/bin/sh\ncase "$*" in *for-each-repo*|*" status "*) case "$*" in *T9*) ${wait} ;; esac ;; esac\nexec ${git} "$@"\n`
  writeFileSync(join(directory, 'git'), script, { mode: 0o755 })
  const env = { PATH: `${directory}:${sandbox.env()['PATH']}` }
  const terminal = new Terminal(sandbox, 'exec git-dw worktree list', { ...ANNA, env, cols: 200 })
  const early = await terminal.sees(/T1 feature\/T1 SESS-\w+ clean/)
  expect(early).toContain('TASK BRANCH SESSION FILES')
  expect(early).not.toContain('T9')
  writeFileSync(join(sandbox.home, 'go'), '')
  const { status, screen } = await terminal.ended()
  expect(status).toBe(0)
  for (const task of TASKS) expect(screen).toMatch(new RegExp(`^${task} +feature/${task} .* clean`, 'm'))
})

test('worktree list starts few git processes, and one worktree that cannot be read does not hide the others', async ({
  sandbox,
}) => {
  for (const task of TASKS) await sandbox.dw(['claim', '--task', task], ANNA)
  // each has work in it, one is merged by its files, and main has gone on
  const work =
    'for t; do cd "$HOME/worktrees/repo/$t" && echo $t >>src/a.ts && echo $t >$t && git add . && git commit -qm $t; done'
  await sandbox.run('sh', ['-ec', work, 'sh', ...TASKS])
  const merge =
    'git commit -q --allow-empty -m on && git merge -q --squash feature/T1 && git commit -qm T1 && echo x >x && git add x && git commit -qm on'
  await sandbox.run('sh', ['-ec', merge])
  const outcome = await new CountedGit(sandbox).run(['worktree', 'list', '--json'], ANNA)
  expect(outcome.status, outcome.stderr).toBe(0)
  expect(
    JSON.parse(outcome.stdout).items.map(({ task, ahead, behind, merged }: Record<string, unknown>) => {
      return [task, ahead, behind, merged]
    }),
  ).toStrictEqual([
    [null, 0, 0, null],
    ...TASKS.map((task) => [task, 1, 3, task === 'T1' ? 'rebased' : null]),
  ])
  // git's own for-each-repo starts the statuses: those are not ours
  const ours = outcome.calls.filter((call) => !/^-C /.test(call))
  // ten, and one more that makes sure of what looks merged
  expect(ours.length, ours.join('\n')).toBeLessThanOrEqual(11)
  writeFileSync(
    join(
      await sandbox.git(['rev-parse', '--absolute-git-dir'], {
        cwd: join(sandbox.home, 'worktrees/repo/T2'),
      }),
      'index',
    ),
    'damaged',
  )
  const { items } = await sandbox.json(['worktree', 'list'], ANNA)
  const unknown = items.filter(({ changed }: { changed: number | null }) => changed === null)
  expect(unknown).toMatchObject([{ task: 'T2' }])
  expect(items).toHaveLength(TASKS.length + 1)
})
