import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CountedHooks, SHELLS } from './counted.ts'
import { ANNA, BEN, Pushing, QUIET, waitFor } from './pushing.ts'

const ZEROS = '0'.repeat(40)

describe('without anything to do', () => {
  let pushing: Pushing
  let counted: CountedHooks
  let head: string
  let session: string

  beforeAll(async () => {
    pushing = await Pushing.create()
    counted = new CountedHooks(pushing.sandbox)
    head = await pushing.sandbox.git(['rev-parse', 'HEAD'])
    await pushing.sandbox.git(['config', 'maintenance.auto', 'false'])
  })
  afterAll(() => pushing.sandbox.dispose())

  const line = () => `refs/heads/main ${head} refs/heads/x ${ZEROS}\n`

  describe.each(SHELLS)('under %s', (_, shell) => {
    test('pre-push starts one git process and no Node where nobody holds anything', async () => {
      const options = { input: line() }
      const { git, node, status, stderr } = await counted.script(
        shell,
        'pre-push',
        ['origin', 'url'],
        options,
      )
      expect({ status, stderr, node, git: git.length }).toStrictEqual({
        status: 0,
        stderr: '',
        node: 0,
        git: 1,
      })
    })

    test.each(['pre-commit', 'post-commit', 'post-merge', 'post-checkout'])(
      '%s starts one git process at most and no Node',
      async (name) => {
        const args = name === 'post-checkout' ? [head, head, '1'] : []
        const { git, node, status, stderr } = await counted.script(shell, name, args)
        expect({ status, stderr, node }).toStrictEqual({ status: 0, stderr: '', node: 0 })
        expect(git.length).toBeLessThanOrEqual(name === 'pre-commit' ? 0 : 1)
      },
    )
  })

  describe('with a fresh lease and locks of my own', () => {
    beforeAll(async () => {
      const claim = await pushing.dw(['claim', 'src', 'docs', '--json'], ANNA)
      session = JSON.parse(claim).session
      await pushing.dw(['claim', '--task', 'T', '--no-worktree'], ANNA)
      // others hold what is not in the way of a checkout or commit
      await pushing.dw(['heartbeat'], ANNA)
    })

    describe.each(SHELLS)('under %s', (_, shell) => {
      test.each([
        ['the agent', () => ANNA],
        ['DW_SESSION', () => ({ env: { DW_SESSION: session } })],
      ] as const)('pre-push knows %s and starts one git process and no Node', async (_name, who) => {
        const options = { ...who(), input: line() }
        const { git, node, status } = await counted.script(shell, 'pre-push', ['origin', 'url'], options)
        expect({ status, node, git: git.length }).toStrictEqual({ status: 0, node: 0, git: 1 })
      })

      test('pre-push starts the program where others’ push meets them, and only there', async () => {
        const push = async (remote: string) =>
          counted.script(shell, 'pre-push', [remote, 'url'], { ...BEN, input: line() })
        // "origin" has the commit already; "elsewhere" is brought all of it, with src/a.ts
        const free = await push('origin')
        expect({ status: free.status, stderr: free.stderr, node: free.node }).toStrictEqual({
          status: 0,
          stderr: '',
          node: 0,
        })
        const met = await push('elsewhere')
        expect({ status: met.status, node: met.node }).toStrictEqual({ status: 1, node: 1 })
      })

      test('post-commit does not start Node, for me or for anybody', async () => {
        for (const who of [ANNA, BEN, {}]) {
          const { git, node, status, stderr } = await counted.script(shell, 'post-commit', [], who)
          expect({ status, stderr, node, git: git.length }).toStrictEqual({
            status: 0,
            stderr: '',
            node: 0,
            git: 1,
          })
        }
      })
    })

    test('git commit starts one git process more at most, and no Node', async () => {
      const { sandbox } = pushing
      const undo = () => sandbox.git(['reset', '--quiet', '--soft', 'HEAD~1'], { env: QUIET })
      const args = ['commit', '--quiet', '--allow-empty', '-m', 'empty']
      const { git, node, status } = await counted.git(args, undo, ANNA)
      expect({ status, node }).toStrictEqual({ status: 0, node: 0 })
      expect(git.length, git.join('\n')).toBe(1)
    })

    test('git checkout and git push start one git process more at most, and no Node', async () => {
      const { sandbox } = pushing
      await sandbox.git(['branch', 'side'])
      const back = () => sandbox.git(['checkout', '--quiet', 'main'], { env: QUIET })
      const checkout = await counted.git(['checkout', '--quiet', 'side'], back, ANNA)
      expect({ status: checkout.status, node: checkout.node }).toStrictEqual({ status: 0, node: 0 })
      expect(checkout.git.length, checkout.git.join('\n')).toBe(1)
      const unpush = () => sandbox.git(['push', '--quiet', '--no-verify', 'origin', ':side'])
      const push = await counted.git(['push', '--quiet', 'origin', 'side'], unpush, ANNA)
      expect({ status: push.status, node: push.node }).toStrictEqual({ status: 0, node: 0 })
      const more = push.git.filter((call) => call.startsWith('for-each-ref'))
      expect(more).toHaveLength(1)
      await back()
    })
  })

  describe('when a heartbeat is due', () => {
    const record = async () => pushing.sandbox.record(`refs/dw/active/${session.toLowerCase()}`)

    test.each(SHELLS)('under %s, post-commit has it written and waits for nothing', async (_, shell) => {
      const beat = join(pushing.sandbox.repo, '.git/dw/beats', `${session.toLowerCase()}.json`)
      const kept = () => JSON.parse(readFileSync(beat, 'utf8'))
      const oid = await pushing.sandbox.git(['rev-parse', `refs/dw/active/${session.toLowerCase()}`])
      // the heartbeat before this one is remembered after it is written
      await waitFor(async () => kept().record === oid)
      const before = await record()
      writeFileSync(beat, JSON.stringify({ ...kept(), due: 0, window: 0 }))
      utimesSync(beat, 0, 0)
      const { status, stdout, stderr } = await counted.script(shell, 'post-commit', [], ANNA)
      expect({ status, stdout, stderr }).toStrictEqual({ status: 0, stdout: '', stderr: '' })
      await waitFor(async () => (await record()).lastActivity > before.lastActivity)
    })
  })
})
