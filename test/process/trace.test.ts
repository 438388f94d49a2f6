import { afterAll, beforeAll, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import { CountedGit } from './counted-git.ts'

let sandbox: Sandbox
let counted: CountedGit
beforeAll(async () => {
  sandbox = await Sandbox.create()
  counted = new CountedGit(sandbox)
})
afterAll(() => sandbox.dispose())

const LINE = /^trace: +\d+\.\d +\d+\.\d ([* ]) git (.+)$/
const SUM = /^trace: (\d+) git processes, (\d+) on the critical path: \d+\.\d of \d+\.\d ms$/

/** The calls that the trace lists, how many have a star, and its last line's counts. */
function traced(stderr: string) {
  const lines = stderr.trimEnd().split('\n')
  const calls = lines.flatMap((line) => (LINE.exec(line) ? [LINE.exec(line) ?? []] : []))
  const [, all, critical] = SUM.exec(lines.at(-1) ?? '') ?? []
  return {
    calls: calls.map(([, , call = '']) => call.split(' ')[0]),
    stars: calls.filter(([, star]) => star === '*').length,
    sum: [Number(all), Number(critical)],
  }
}

test.each([['claim', 'x'], ['check', 'x', '--json'], ['status'], ['release', 'x']])(
  'DW_TRACE=1 git dw %s %s lists each git process that it starts',
  async (...args) => {
    const outcome = await counted.run(args, { agent: 'A', env: { DW_TRACE: '1' } })
    expect(outcome.status).toBe(0)
    const { calls, stars, sum } = traced(outcome.stderr)
    expect(calls).toHaveLength(outcome.calls.length)
    expect([...calls].sort()).toStrictEqual(outcome.calls.map((call) => call.split(' ')[0]).sort())
    expect(sum).toStrictEqual([calls.length, stars])
    // the repository and the settings are asked for side by side
    expect(stars).toBeGreaterThan(0)
    expect(stars).toBeLessThan(calls.length)
    if (args.includes('--json')) expect(JSON.parse(outcome.stdout).items[0].answer).toBe('mine')
  },
)

test('the trace follows an error too, and is not there unless it is asked for', async () => {
  const env = { DW_TRACE: '1' }
  const refused = await counted.run(['release', 'not-mine'], { agent: 'A', env })
  expect(refused.status).not.toBe(0)
  expect(traced(refused.stderr).sum[0]).toBe(refused.calls.length)
  for (const off of ['', '0'])
    expect((await counted.run(['status'], { agent: 'A', env: { DW_TRACE: off } })).stderr).toBe('')
})
