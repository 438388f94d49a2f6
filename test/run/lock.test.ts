import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Outcome, Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'
import { fileIn, running, UNTIL_GO } from './runner.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

/** The only session there is. */
const sessionOf = async (sandbox: Sandbox): Promise<string> => (await sandbox.json(['sessions'])).items[0].id

/** Says that the command was ended, and by which signal. */
const TOLD = /lost: .*\n.*ending the command: SIGTERM, and SIGKILL after 10s\n/

const expectLost = ({ status, stderr }: Outcome, message: RegExp) => {
  expect(status, stderr).toBe(4)
  expect(stderr).toMatch(TOLD)
  expect(stderr).toMatch(message)
}

test('a lock that is stolen meanwhile ends the command with SIGTERM, exit status 4', async ({ sandbox }) => {
  const script = `trap 'echo TERM >"$HOME/got"; exit 0' TERM; echo running; ${UNTIL_GO}`
  const { over } = await running(sandbox, script, ANNA)
  await sandbox.dw(['claim', '--task', 'T', '--no-worktree', '--steal', '-m', 'hotfix'], BEN)
  expectLost(await over, /git dw: "task:repo\/T" was taken by SESS-\w+ .*: hotfix$/m)
  await fileIn(sandbox, 'got')
  const [lock, ...more] = (await sandbox.json(['locks'], BEN)).items
  expect([lock, more]).toMatchObject([{ key: 'task:repo/T', mine: true }, []])
})

test('a session that somebody else ended ends the command', async ({ sandbox }) => {
  const { over } = await running(sandbox, 'echo running; exec sleep 60', ANNA)
  await sandbox.dw(['end', await sessionOf(sandbox), '--force'], BEN)
  expectLost(await over, /git dw: SESS-\w+ was ended by /)
})

test('a session whose record is gone ends the command', async ({ sandbox }) => {
  const { over } = await running(sandbox, 'echo running; exec sleep 60', ANNA)
  const session = await sessionOf(sandbox)
  await sandbox.git(['update-ref', '-d', `refs/dw/active/${session.toLowerCase()}`])
  expectLost(await over, /git dw: the record of SESS-\w+ is gone/)
})

test('a command that does not heed SIGTERM gets SIGKILL after dw.runGrace', async ({ sandbox }) => {
  await sandbox.git(['config', 'dw.runGrace', '1s'])
  const script = `trap 'touch "$HOME/heard"' TERM; echo running; ${UNTIL_GO}; exit 0`
  const { over } = await running(sandbox, script, ANNA)
  await sandbox.dw(['claim', '--task', 'T', '--no-worktree', '--steal', '-m', 'hotfix'], BEN)
  const { status, stderr } = await over
  expect(status).toBe(4)
  expect(stderr).toContain('ending the command: SIGTERM, and SIGKILL after 1s')
  await fileIn(sandbox, 'heard')
  writeFileSync(join(sandbox.home, 'go'), '')
})

test('processes that a lost command leaves in the worktree are named', async ({ sandbox }) => {
  const background = `(${UNTIL_GO}) >/dev/null 2>&1 </dev/null &`
  const { over } = await running(sandbox, `${background} echo running; exec sleep 60`, ANNA)
  await sandbox.dw(['claim', '--task', 'T', '--no-worktree', '--steal', '-m', 'hotfix'], BEN)
  const { stderr } = await over
  expect(stderr).toMatch(/still running in \S+\/worktrees\/repo\/T: sh \(\d+\)/)
  writeFileSync(join(sandbox.home, 'go'), '')
})

test('a lock taken in the moment when the command ends is told, exit status 4', async ({ sandbox }) => {
  await sandbox.dw(['new'], BEN)
  const steal = 'CLAUDE_CODE_SESSION_ID=ben git dw claim --task T --no-worktree --steal -m now >&2'
  const script = `unset DW_SESSION; cd "$HOME/../repo" && ${steal}`
  const outcome = await sandbox.dw(['run', '--task', 'T', '--', 'sh', '-c', script], ANNA)
  expect(outcome.status, outcome.stderr).toBe(4)
})

test('a lock of the session that is not the task does not end the command', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  const { over } = await running(sandbox, `echo running; ${UNTIL_GO}; exit 3`, ANNA)
  await sandbox.dw(['claim', 'src', '--steal', '-m', 'hotfix'], BEN)
  writeFileSync(join(sandbox.home, 'go'), '')
  const { status, stderr } = await over
  expect(status).toBe(3)
  expect(stderr).toMatch(/^lost: "src" was taken by SESS-\w+ .*: hotfix$/m)
})

/** A shell that waits until the heartbeat in the record of its session is another than it was. */
const UNTIL_BEAT = `
  activity() { git cat-file blob "refs/dw/active/$(echo "$DW_SESSION" | tr A-Z a-z)" | grep -o '"lastActivity":"[^"]*"'; }
  was=$(activity); i=0; while [ "$(activity)" = "$was" ] && [ $i -lt 600 ]; do i=$((i + 1)); sleep 0.05; done
  [ "$(activity)" != "$was" ] && echo beaten`

test('the lock is kept alive every quarter of its ttl', async ({ sandbox }) => {
  const args = ['run', '--task', 'T', '--ttl', '4s', '--', 'sh', '-c', `${UNTIL_BEAT}; ${UNTIL_BEAT}`]
  const outcome = await sandbox.dw(args, ANNA)
  expect(outcome).toMatchObject({ status: 0, stdout: 'beaten\nbeaten\n', stderr: '' })
})

test('a heartbeat that a lock file hinders is written later, and the command goes on', async ({
  sandbox,
}) => {
  const block = `f=$(git rev-parse --git-common-dir)/refs/dw/active/$(echo "$DW_SESSION" | tr A-Z a-z).lock`
  const script = `${block}; touch "$f"; echo running; ${UNTIL_GO}; rm "$f"; ${UNTIL_BEAT}`
  const { child, over } = await running(sandbox, script, { ...ANNA, with: ['--ttl', '4s'] })
  const said = new Promise((resolve) => child.stderr?.once('data', resolve))
  await said
  writeFileSync(join(sandbox.home, 'go'), '')
  const { status, stdout, stderr } = await over
  expect([status, stdout]).toStrictEqual([0, 'running\nbeaten\n'])
  expect(stderr).toMatch(/^cannot look after the lock now: .*\n$/)
})
