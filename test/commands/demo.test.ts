import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from '../harness/transcript.ts'

interface Step {
  readonly title: string
  readonly agent: string
  readonly command: string
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

test('demo runs the main job outside any repository, shows each command, and leaves nothing behind', async ({
  sandbox,
}) => {
  const tmp = join(sandbox.root, 'tmp')
  await sandbox.run('mkdir', [tmp])
  const env = { TMPDIR: tmp }
  const { status, stdout, stderr } = await sandbox.dw(['demo'], { cwd: sandbox.root, env })
  expect({ status, stderr }).toStrictEqual({ status: 0, stderr: '' })
  expect(readdirSync(tmp)).toStrictEqual([])
  expect(readdirSync(sandbox.home)).toStrictEqual([])
  const commands = stdout.split('\n').filter((line) => /^(?:anna|ben|cleo) \$ git /.test(line))
  expect(commands.map((line) => line.replace(/^\w+ \$ /, ''))).toStrictEqual([
    'git dw claim --task fix-login',
    'git dw claim --task fix-login',
    'git dw claim --task fix-login',
    'git worktree list',
    'git dw claim src -m "new error format"',
    'git dw claim src/api.ts',
    'git dw status',
    'git dw end',
  ])
  expect(stdout.match(/\[exit status 1\]/g)).toHaveLength(3)
})

test('demo --json lists its steps: one winner, two refused by name, a path refused below a directory', async ({
  sandbox,
}) => {
  const { schema, items } = await sandbox.json(['demo'], { cwd: sandbox.root })
  expect(schema).toBe(1)
  const steps: Step[] = items
  for (const step of steps) {
    expect(Object.keys(step).sort()).toStrictEqual([
      'agent',
      'command',
      'status',
      'stderr',
      'stdout',
      'title',
    ])
  }
  const race = steps.slice(0, 3)
  expect(race.map(({ status }) => status).sort()).toStrictEqual([0, 1, 1])
  const winner = race.find(({ status }) => status === 0)?.agent
  for (const { stderr } of race.filter(({ status }) => status === 1)) expect(stderr).toContain(`${winner}@`)
  expect(steps.map(({ status }) => status).slice(3)).toStrictEqual([0, 0, 1, 0, 0])
  expect(steps.at(-3)?.stderr).toContain('"src" is held by')
})

test('demo touches neither the repository it is started in nor the sessions of its user', async ({
  sandbox,
}) => {
  await sandbox.dw(['claim', 'src'], { agent: 'anna' })
  const before = await sandbox.refs()
  const { status } = await sandbox.dw(['demo'], { agent: 'anna', env: { DW_SESSION: 'SESS-0000000000' } })
  expect(status).toBe(0)
  expect(await sandbox.refs()).toStrictEqual(before)
  expect(existsSync(join(sandbox.home, 'worktrees'))).toBe(false)
})
