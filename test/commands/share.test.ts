import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }

test('sharing, and a push that a lost lock stops, as two people see it', async ({ sandbox, transcript }) => {
  const hub = join(sandbox.root, 'shop.git')
  const bens = join(sandbox.root, 'ben')
  const ben = { agent: 'ben', cwd: bens }
  await sandbox.git(['config', '--global', 'dw.backgroundSync', 'false'])
  await sandbox.git(['clone', '--quiet', '--bare', sandbox.repo, hub])
  await sandbox.git(['remote', 'add', 'origin', hub])
  await sandbox.git(['clone', '--quiet', hub, bens])

  await transcript.run('git dw share --status', ANNA)
  await transcript.run('git dw push origin main', ANNA)
  await transcript.run('git dw share', ANNA)
  await transcript.run('git dw share', ben)
  await transcript.run('git dw claim src -m "new parser"', ANNA)
  await transcript.run('git dw claim src/a.ts', ben)
  await transcript.run('echo more >>src/a.ts && git commit --quiet -am more', ANNA)
  await transcript.run('git dw claim src --steal -m "release day"', ben)
  await transcript.run('git dw push origin main', ANNA)
  await transcript.run('git dw claim docs --offline', ANNA)
  await transcript.run('git dw share --status', ANNA)
  await transcript.run('git dw sync', ANNA)
  await transcript.run('git dw sync', ANNA)
  await transcript.run('git dw release src', ben)
  await transcript.run('git dw claim src', ANNA)
  const pushed = await transcript.run('git dw push origin main', ANNA)
  expect(pushed.status).toBe(0)
  await transcript.run('git dw push origin main', ANNA)
  await transcript.run('git dw push origin main -- -u', ANNA)
  await transcript.run('git dw share --off', ANNA)
  await transcript.matches('share')
})

test.for([
  ['share', 'origin', '--status'],
  ['share', '--again', '--off'],
  ['push', 'origin', 'main', '--', 'main'],
  ['claim', 'src', '--steal', '-m', 'why', '--offline'],
])('git dw %s is a wrong use', async (args, { sandbox }) => {
  expect(await sandbox.dw(args, ANNA)).toMatchObject({ status: 129, stdout: '' })
})

test('what wants sharing says so where nothing is shared', async ({ sandbox }) => {
  await sandbox.dw(['init'], ANNA)
  for (const args of [['sync'], ['share', '--again'], ['share', 'nowhere']]) {
    expect(await sandbox.dw(args, ANNA)).toMatchObject({ status: 128, stdout: '' })
  }
  expect((await sandbox.dw(['claim', 'src', '--offline'], ANNA)).status).toBe(0)
  expect((await sandbox.record('refs/dw/locks/path/src')).provisional).toBeUndefined()
})
