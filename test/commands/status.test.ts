import { expect } from 'vitest'
import { test } from '../harness/transcript.ts'

test('status shows who I am and why, what I hold and lost, and who else is here', async ({ transcript }) => {
  await transcript.run('git dw status')
  await transcript.run('git dw claim src docs -m "new layout"', { agent: 'anna' })
  await transcript.run('git dw claim --task fix-login', { agent: 'ben' })
  await transcript.run('git dw status', { agent: 'anna' })
  await transcript.run('git dw claim docs --steal -m "typo in the manual"', { agent: 'ben' })
  await transcript.run('git dw status', { agent: 'anna' })
  await transcript.run('git dw status')
  await transcript.matches('status')
})

test('status says by what a session was found to be mine', async ({ sandbox }) => {
  const claim = await sandbox.json(['claim', '--task', 'T'], { agent: 'anna' })
  const { session } = claim
  const sources = [
    await sandbox.json(['status', '--session', session]),
    await sandbox.json(['status'], { env: { DW_SESSION: session } }),
    await sandbox.json(['status'], { cwd: claim.worktree.path }),
    await sandbox.json(['status'], { agent: 'anna' }),
  ]
  expect(sources.map(({ source }) => source)).toStrictEqual(['option', 'variable', 'stamp', 'binding'])
  for (const status of sources) expect(status.session.id).toBe(session)
})

test('status --json holds my session, the others, all locks, and what speaks against a guess', async ({
  sandbox,
}) => {
  await sandbox.dw(['claim', 'src', '-m', 'mine'], { agent: 'anna' })
  await sandbox.dw(['claim', 'docs'], { agent: 'ben' })
  const status = await sandbox.json(['status'], { agent: 'anna' })
  expect(Object.keys(status).sort()).toStrictEqual(
    ['schema', 'session', 'source', 'damaged', 'doubt', 'sessions', 'locks'].sort(),
  )
  expect(status).toMatchObject({ schema: 1, source: 'binding', doubt: null })
  expect(status.session).toMatchObject({ mine: true, state: 'active', locks: ['src'] })
  expect(status.sessions).toMatchObject([{ mine: false, locks: ['docs'] }])
  expect(status.locks).toMatchObject([
    { key: 'docs', mine: false, state: 'live' },
    { key: 'src', mine: true, state: 'live', why: 'mine' },
  ])
})

test('status --json has no session where there is nobody to be', async ({ sandbox }) => {
  expect(await sandbox.json(['status'])).toStrictEqual({
    schema: 1,
    session: null,
    source: null,
    doubt: null,
    sessions: [],
    locks: [],
    damaged: [],
  })
})

test('status carries on where two sessions are named, and tells the doubt', async ({ sandbox }) => {
  const ben = await sandbox.json(['claim', '--task', 'T'], { agent: 'ben' })
  const anna = await sandbox.json(['new'], { agent: 'anna' })
  const status = await sandbox.json(['status'], { agent: 'anna', cwd: ben.worktree.path })
  expect(status.session).toBeNull()
  expect(status.doubt.code).toBe('DW_AMBIGUOUS')
  expect(status.doubt.message).toContain(ben.session)
  expect(status.doubt.message).toContain(anna.session)
  expect(status.sessions).toHaveLength(2)
})

test('status lists locks whose session has ended as free to claim', async ({ sandbox, transcript }) => {
  const { session } = await sandbox.json(['claim', 'src'], { agent: 'anna' })
  await sandbox.git(['update-ref', '-d', `refs/dw/active/${session.toLowerCase()}`])
  await transcript.run('git dw status')
  expect(transcript.toString()).toMatchInlineSnapshot(`
    "$ git dw status
    You have no session here.

    Held by sessions that are gone, free to claim:
      src
    [exit 0]
    "
  `)
})
