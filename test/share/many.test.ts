import { expect } from 'vitest'
import { CountedGit } from '../process/counted-git.ts'
import { test } from './hub-test.ts'

test('many locks arrive in transactions of their sessions, written out before they have a name', async ({
  hub,
}) => {
  const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
  for (const agent of ['one', 'two']) {
    const keys = Array.from({ length: 150 }, (_, at) => `${agent}/${at}`)
    await ben.json(['claim', ...keys], { agent })
  }
  const { status, calls, stderr } = await new CountedGit(hub.sandbox).run(['sync'], {
    cwd: anna.path,
    agent: 'anna',
  })
  expect(status, stderr).toBe(0)
  const transactions = calls.filter((call) => call.includes(' update-ref '))
  // each moves its part of the local refs and then of base
  expect(transactions).toHaveLength(2)
  for (const call of transactions) {
    expect(call).toContain('-c core.fsync=loose-object,reference -c core.fsyncMethod=writeout-only ')
  }
  expect(await anna.refs('refs/dw/locks')).toHaveLength(300)
  expect(await anna.refs()).toStrictEqual(await hub.refs())
  const base = await anna.refs('refs/dw-local/remote/origin/base')
  expect(base.map((line) => line.replace('-local/remote/origin/base', ''))).toStrictEqual(await hub.refs())
})

test('what this clone decides alone is synced ref by ref', async ({ hub }) => {
  const anna = await hub.clone('anna', { shares: false })
  const { calls } = await new CountedGit(hub.sandbox).run(['claim', 'src'], { cwd: anna.path, agent: 'anna' })
  const [transaction = ''] = calls.filter((call) => call.includes(' update-ref '))
  expect(transaction).toContain('-c core.fsync=loose-object,reference ')
  expect(transaction).not.toContain('fsyncMethod')
})
