import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'

describe('a reader that leaves early', () => {
  let sandbox: Sandbox
  const paths = Array.from({ length: 1000 }, (_, at) => `a-directory-with-quite-a-long-name/file-${at}`)
  beforeAll(async () => {
    sandbox = await Sandbox.create()
    expect((await sandbox.dw(['claim', ...paths], { agent: 'A' })).status).toBe(0)
  })
  afterAll(() => sandbox.dispose())

  /** Runs a command line with bash, which can tell the status of each part of a pipe. */
  const pipe = async (line: string) =>
    sandbox.run('bash', ['-c', `${line}; echo "status \${PIPESTATUS[0]}" >&2`], { agent: 'A' })

  test.each(['git dw locks', 'git dw locks --json', 'git dw status --json'])(
    '%s says nothing about it and ends with 0',
    async (command) => {
      const whole = await sandbox.run('sh', ['-c', command], { agent: 'A' })
      // more than a pipe holds, so that the writer meets the closed end
      expect(whole.stdout.length).toBeGreaterThan(65_536)
      const { stdout, stderr } = await pipe(`${command} | head -c 5`)
      expect(stdout).toBe(whole.stdout.slice(0, 5))
      expect(stderr).toBe('status 0\n')
    },
  )

  test('does not undo a claim', async () => {
    const { stderr } = await pipe('git dw claim another | true')
    expect(stderr).toBe('status 0\n')
    expect((await sandbox.json(['check', 'another'], { agent: 'A' })).items[0].answer).toBe('mine')
  })

  test('of narration does not hide the answer', async () => {
    const { stdout } = await sandbox.run('bash', ['-c', 'git dw claim src 2> >(true); echo "status $?"'], {
      agent: 'B',
    })
    expect(stdout).toBe('src\nstatus 0\n')
  })
})
