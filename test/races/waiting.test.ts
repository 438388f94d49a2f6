import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inLine, tickets, until, Waiter } from '../claims/waiter.ts'
import { ended, Sandbox } from '../harness/sandbox.ts'
import { agents, locks } from './contest.ts'

const WAITERS = 16

describe('claims that wait for one key', () => {
  let sandbox: Sandbox
  beforeEach(async () => {
    sandbox = await Sandbox.create()
  })
  afterEach(() => sandbox.dispose())

  const done = async (args: readonly string[], agent: string) =>
    expect(await sandbox.dw(args, { agent })).toMatchObject({ status: 0 })

  test('all get it, one after the other', async () => {
    await done(['claim', 'src'], 'first')
    // each holds it for a moment, in a directory that cannot be made while another holds it
    const script = join(sandbox.root, 'work.sh')
    writeFileSync(
      script,
      `set -e
git dw claim src --wait=50m >/dev/null 2>&1
mkdir '${sandbox.root}/held'
echo "$CLAUDE_CODE_SESSION_ID" >>'${sandbox.root}/order'
sleep 0.1
rmdir '${sandbox.root}/held'
git dw release src >/dev/null
`,
    )
    const workers = agents(WAITERS).map((agent) => ended(sandbox.start('sh', [script], { agent })))
    await until(() => tickets(sandbox).length === WAITERS)
    await done(['release', 'src'], 'first')
    const outcomes = await Promise.all(workers)
    expect(outcomes.filter(({ status }) => status !== 0)).toStrictEqual([])
    const order = await sandbox.run('cat', [join(sandbox.root, 'order')])
    expect(order.stdout.trim().split('\n').sort()).toStrictEqual(agents(WAITERS).sort())
    expect(await locks(sandbox)).toStrictEqual([])
    expect(tickets(sandbox)).toStrictEqual([])
  })

  test('are not held up by those that were killed in line', async () => {
    await done(['claim', 'src'], 'first')
    const dead = [
      await inLine(sandbox, 'a', ['src', '--wait']),
      await inLine(sandbox, 'b', ['src', '--wait']),
    ]
    const alive = await inLine(sandbox, 'c', ['src', '--wait'])
    for (const { process, outcome } of dead) {
      process.kill('SIGKILL')
      expect((await outcome).signal).toBe('SIGKILL')
    }
    await done(['release', 'src'], 'first')
    expect(await alive.outcome).toMatchObject({ status: 0, stdout: 'src\n' })
    expect(tickets(sandbox)).toStrictEqual([])
  })

  test('are not held up by one that is stopped in line', async () => {
    await done(['claim', 'src'], 'first')
    const stopped = await inLine(sandbox, 'a', ['src', '--wait'])
    const alive = await inLine(sandbox, 'b', ['src', '--wait'])
    stopped.process.kill('SIGSTOP')
    await done(['release', 'src'], 'first')
    expect(await alive.outcome).toMatchObject({ status: 0, stdout: 'src\n' })
    await done(['release', 'src'], 'b')
    stopped.process.kill('SIGCONT')
    expect(await stopped.outcome).toMatchObject({ status: 0, stdout: 'src\n' })
  })

  test('give way to a claim that does not wait, but not to one that comes later and waits', async () => {
    await done(['claim', 'src'], 'first')
    const stopped = await inLine(sandbox, 'a', ['src', '--wait'])
    stopped.process.kill('SIGSTOP')
    await done(['release', 'src'], 'first')
    const late = new Waiter(sandbox, ['src/a.ts', '--wait'], { agent: 'late' })
    // it stands in line although nobody holds it
    await until(() => tickets(sandbox).length === 2)
    await done(['claim', 'docs', '--wait'], 'another')
    await late.says('got it after')
    expect((await late.outcome).stderr).not.toContain('is held by')
    await done(['release', 'src/a.ts'], 'late')
    await done(['claim', 'src'], 'rude')
    stopped.process.kill('SIGCONT')
    await done(['release', 'src'], 'rude')
    expect(await stopped.outcome).toMatchObject({ status: 0 })
  })

  test('take what is free when their time is over, whoever came before', async () => {
    const stopped = await (async () => {
      await done(['claim', 'src'], 'first')
      return inLine(sandbox, 'a', ['src', '--wait'])
    })()
    stopped.process.kill('SIGSTOP')
    await done(['release', 'src'], 'first')
    // shorter than its turn: what is free at the end is taken all the same
    const late = await sandbox.dw(['claim', 'src', '--wait=1s'], { agent: 'late' })
    expect(late).toMatchObject({ status: 0, stdout: 'src\n' })
    stopped.process.kill('SIGKILL')
    await stopped.outcome
  })
})
