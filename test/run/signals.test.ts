import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { shellWord } from '../../src/domain/shell-word.ts'
import { ended, type Sandbox } from '../harness/sandbox.ts'
import { KEY, Terminal } from '../harness/terminal.ts'
import { test } from '../harness/transcript.ts'
import { fileIn, running, UNTIL_GO } from './runner.ts'

const ANNA = { agent: 'anna' }

const heldKeys = async (sandbox: Sandbox) =>
  (await sandbox.json(['locks'])).items.map(({ key }: { key: string }) => key)

test.for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s to run alone reaches the command once, whose exit status counts, and the task is released',
  async (signal, { sandbox }) => {
    const name = signal.slice(3)
    const script = `trap 'echo ${name} >>"$HOME/got"; echo "$?" >/dev/null; done=1' ${name}; echo running; while [ -z "$done" ]; do sleep 0.05; done; exit 9`
    const { child, over } = await running(sandbox, script, ANNA)
    child.kill(signal)
    const { status, stderr } = await over
    expect([status, stderr]).toStrictEqual([9, ''])
    expect(readFileSync(join(sandbox.home, 'got'), 'utf8')).toBe(`${name}\n`)
    expect(await heldKeys(sandbox)).toStrictEqual([])
  },
)

test.for([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('a command that %s ends is exit status %i', async ([signal, expected], { sandbox }) => {
  const { child, over } = await running(sandbox, `echo running; exec sleep 60`, ANNA)
  child.kill(signal)
  expect((await over).status).toBe(expected)
  expect(await heldKeys(sandbox)).toStrictEqual([])
})

test('a command may withstand a signal and go on', async ({ sandbox }) => {
  const script = `trap : TERM; echo running; while [ ! -e "$HOME/go" ]; do sleep 0.05; done; echo done; exit 0`
  const { child, over } = await running(sandbox, script, ANNA)
  child.kill('SIGTERM')
  await sandbox.run('touch', [join(sandbox.home, 'go')])
  expect(await over).toMatchObject({ status: 0, stdout: 'running\ndone\n' })
})

/** A command that notes each SIGINT in the file `got`, and goes on until the file `go` is there. */
const NOTES_INT = `trap 'echo INT >>"$HOME/got"' INT; echo running; ${UNTIL_GO}; exit 9`

/** Lets the command end, and returns the SIGINTs that it noted. */
async function noted(sandbox: Sandbox): Promise<string> {
  await fileIn(sandbox, 'got')
  // a second one would have come in the same moment
  await sandbox.run('git', ['dw', 'status'], ANNA)
  await sandbox.run('touch', [join(sandbox.home, 'go')])
  return readFileSync(join(sandbox.home, 'got'), 'utf8')
}

test.for([
  ['git-dw', 9],
  // git sends a copy of the signal to what it started, and then ends by it itself
  ['git dw', null],
] as const)(
  'Ctrl-C on a terminal reaches the command of "%s run" once',
  async ([program, status], { sandbox }) => {
    const terminal = new Terminal(
      sandbox,
      `exec ${program} run --task T -- sh -c ${shellWord(NOTES_INT)}`,
      ANNA,
    )
    await terminal.sees(/running/)
    terminal.type(KEY.interrupt)
    expect(await noted(sandbox)).toBe('INT\n')
    const over = await terminal.ended()
    if (status !== null) expect(over.status).toBe(status)
    expect(await heldKeys(sandbox)).toStrictEqual([])
  },
)

test('Ctrl-C on a terminal ends a command that does not heed it, and run with it', async ({ sandbox }) => {
  const command = `exec git-dw run --task T -- sh -c 'echo running; exec sleep 60'`
  const terminal = new Terminal(sandbox, command, ANNA)
  await terminal.sees(/running/)
  terminal.type(KEY.interrupt)
  expect((await terminal.ended()).status).toBe(130)
  expect(await heldKeys(sandbox)).toStrictEqual([])
})

test.for(['git-dw', 'git dw'])(
  'on a terminal, SIGINT to "%s run" alone is passed on to the command',
  async (program, { sandbox }) => {
    const terminal = new Terminal(
      sandbox,
      `exec ${program} run --task T -- sh -c ${shellWord(NOTES_INT)}`,
      ANNA,
    )
    await terminal.sees(/running/)
    process.kill(terminal.pid, 'SIGINT')
    expect(await noted(sandbox)).toBe('INT\n')
    await terminal.ended()
    expect(await heldKeys(sandbox)).toStrictEqual([])
  },
)

test.for([
  ['a command of the group', 'once, by itself', []],
  ['a command that has left the group', 'once, by run', ['setsid']],
] as const)('a signal to the whole process group reaches %s %s', async ([, , before], { sandbox }) => {
  // setsid(1) makes it the leader of a group
  const args = ['git-dw', 'run', '--task', 'T', '--', ...before, 'sh', '-c', NOTES_INT]
  const child = sandbox.start('setsid', args, ANNA)
  const over = ended(child)
  await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()))
  if (child.pid === undefined) throw new Error('not started')
  process.kill(-child.pid, 'SIGINT')
  expect(await noted(sandbox)).toBe('INT\n')
  expect((await over).status).toBe(9)
})

test('a signal before the command starts ends run, and leaves no lock', async ({ sandbox }) => {
  // git's hook sends the signal to the program that started git
  const hook = '#!/bin/sh\nkill -TERM "$(cut -d " " -f 4 "/proc/$PPID/stat")"\nsleep 0.2\n'
  sandbox.write('.git/hooks/post-checkout', hook)
  await sandbox.run('chmod', ['+x', '.git/hooks/post-checkout'])
  const outcome = await sandbox.dw(['run', '--task', 'T', '--', 'touch', join(sandbox.home, 'ran')], ANNA)
  expect(outcome.status, outcome.stderr).toBe(130)
  expect(existsSync(join(sandbox.home, 'ran'))).toBe(false)
  expect(await heldKeys(sandbox)).toStrictEqual([])
})
