import { existsSync, mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { encodeComponent } from '../../src/domain/name.ts'
import { test } from '../harness/transcript.ts'
import { LAUNCHER } from '../races/meeting.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }
const CLEO = { agent: 'cleo' }

test('two tasks that want one new branch at once: one gets it, and the other takes nothing away', async ({
  sandbox,
}) => {
  for (let round = 0; round < 4; round += 1) {
    const branch = `shared-${round}`
    const claims = [
      sandbox.dw(['claim', '--task', `P${round}`, '--branch', branch], BEN),
      sandbox.dw(['claim', '--task', `Q${round}`, '--branch', branch], CLEO),
    ]
    const outcomes = await Promise.all(claims)
    const [won, ...more] = outcomes.filter(({ status }) => status === 0)
    expect(more, outcomes.map(({ stderr }) => stderr).join('\n')).toHaveLength(0)
    const path = won?.stdout.trim() ?? ''
    expect(await sandbox.git(['rev-parse', branch])).toBe(await sandbox.git(['rev-parse', 'main']))
    expect(await sandbox.git(['status', '--porcelain', '--branch'], { cwd: path })).toBe(`## ${branch}`)
    const locks = await sandbox.json(['locks'])
    expect(locks.items.filter(({ key }: { key: string }) => key.endsWith(String(round)))).toHaveLength(1)
  }
})

test('a branch that another claim is just checking out is not checked out a second time', async ({
  sandbox,
}) => {
  const place = join(sandbox.root, 'stands-still')
  mkdirSync(place)
  const path = sandbox.env()['PATH'] ?? ''
  const script = `#!/bin/sh
case " $* " in *" worktree add "*) : >'${place}/came'; while [ ! -e '${place}/go-on' ]; do sleep 0.02; done ;; esac
PATH='${path}' exec git "$@"
`
  writeFileSync(join(place, 'git'), script, { mode: 0o755 })
  const words = ['--branch', 'shared']
  const first = sandbox.run(LAUNCHER, ['claim', '--task', 'P', ...words], {
    ...BEN,
    env: { PATH: `${place}:${path}` },
  })
  await expect.poll(() => existsSync(join(place, 'came')), { timeout: 60_000 }).toBe(true)
  const second = await sandbox.dw(['claim', '--task', 'Q', ...words], CLEO)
  expect(second.stderr).toContain('the branch "shared" is being taken by')
  expect(second.status).not.toBe(0)
  writeFileSync(join(place, 'go-on'), '')
  expect((await first).status).toBe(0)
  const locks = await sandbox.json(['locks'])
  expect(locks.items.map(({ key }: { key: string }) => key)).toStrictEqual(['task:repo/P'])
  expect(await sandbox.git(['rev-parse', 'shared'])).toBe(await sandbox.git(['rev-parse', 'main']))
  // whose claim is over is in nobody's way
  await sandbox.dw(['end', '--remove-worktree'], BEN)
  expect((await sandbox.dw(['claim', '--task', 'Q', '--branch', 'other'], CLEO)).status).toBe(0)
})

test('two tasks that want one worktree at once do not both get it', async ({ sandbox }) => {
  for (let round = 0; round < 4; round += 1) {
    const branch = `left-${round}`
    await sandbox.dw(['claim', '--task', `X${round}`, '--branch', branch], ANNA)
    await sandbox.dw(['end'], ANNA)
    const outcomes = await Promise.all([
      sandbox.dw(['claim', '--task', `P${round}`, '--branch', branch], BEN),
      sandbox.dw(['claim', '--task', `Q${round}`, '--branch', branch], CLEO),
    ])
    const won = outcomes.filter(({ status }) => status === 0)
    expect(won.length, outcomes.map(({ stderr }) => stderr).join('\n')).toBeLessThanOrEqual(1)
    for (const { stdout } of won) {
      const holder = outcomes[0]?.status === 0 ? BEN : CLEO
      const mine = await sandbox.json(['status'], { ...holder, cwd: stdout.trim() })
      expect(mine.doubt).toBeNull()
    }
  }
})

test('a branch that the user made is never taken away by a claim that fails', async ({ sandbox }) => {
  await sandbox.git(['branch', 'mine'])
  writeFileSync(join(sandbox.root, 'blocked'), '')
  const options = ['-c', `dw.worktreePath=${sandbox.root}/blocked/{task}`]
  const outcome = await sandbox.run(
    'git',
    [...options, 'dw', 'claim', '--task', 'T', '--branch', 'mine'],
    ANNA,
  )
  expect(outcome.status).not.toBe(0)
  expect(await sandbox.git(['branch', '--list', 'mine'])).toContain('mine')
})

test('a worktree that was moved by hand with staged work keeps it', async ({ sandbox }) => {
  const path = (await sandbox.dw(['claim', '--task', 'T'], ANNA)).stdout.trim()
  writeFileSync(join(path, 'staged'), 'precious')
  await sandbox.git(['add', 'staged'], { cwd: path })
  const moved = join(sandbox.root, 'moved')
  renameSync(path, moved)
  const outcome = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect(outcome.status).toBe(1)
  expect(outcome.stderr).toContain('git worktree repair')
  expect(await sandbox.git(['status', '--porcelain'], { cwd: moved })).toBe('A  staged')
})

test('a worktree that the user locked and that is gone is not made anew over the lock', async ({
  sandbox,
}) => {
  const path = (await sandbox.dw(['claim', '--task', 'T'], ANNA)).stdout.trim()
  await sandbox.git(['worktree', 'lock', path])
  rmSync(path, { recursive: true })
  for (const more of [[], ['--adopt']]) {
    const outcome = await sandbox.dw(['claim', '--task', 'T', ...more], ANNA)
    expect(outcome.status).toBe(1)
    expect(outcome.stderr).toContain('which is gone')
  }
  expect(existsSync(join(sandbox.repo, 'dw-stamp.json'))).toBe(false)
})

// a lock file of the killed git may be left beside what it was writing
const CUT_SHORT = [[], ['index.lock'], ['HEAD.lock'], ['ORIG_HEAD.lock'], ['index.lock', 'HEAD.lock']]

test.for(CUT_SHORT.map((locks) => [locks.join(' and ') || 'no lock file', locks] as const))(
  'a worktree that was killed half made, with %s left, is completed by the next claim of its task',
  async ([, locks], { sandbox }) => {
    const path = (await sandbox.dw(['claim', '--task', 'T'], ANNA)).stdout.trim()
    const gitDir = join(sandbox.repo, '.git', 'worktrees', 'T')
    // as a kill in the middle of `git worktree add` leaves it
    rmSync(join(gitDir, 'dw-stamp.json'))
    rmSync(join(gitDir, 'index'))
    rmSync(join(path, 'README.md'))
    writeFileSync(join(gitDir, 'locked'), 'initializing\n')
    for (const name of locks) {
      writeFileSync(join(gitDir, name), '')
      utimesSync(join(gitDir, name), new Date(0), new Date(0))
    }
    const intent = join(sandbox.repo, '.git', 'dw', 'worktrees', `${encodeComponent(path)}.json`)
    mkdirSync(dirname(intent), { recursive: true })
    writeFileSync(intent, JSON.stringify({ session: 'SESS-0000000000', key: 'task:repo/T' }))
    const late = { ...BEN, env: { DW_TEST_CLOCK: '+3h' } }
    const claim = await sandbox.dw(['claim', '--task', 'T'], late)
    expect(claim.stdout, claim.stderr).toBe(`${path}\n`)
    expect(await sandbox.git(['status', '--porcelain', '--branch'], { cwd: path })).toBe('## feature/T')
    expect(existsSync(join(gitDir, 'locked'))).toBe(false)
    expect(existsSync(intent)).toBe(false)
  },
)
