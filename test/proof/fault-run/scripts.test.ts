import { expect, test } from 'vitest'
import { Sandbox } from '../../harness/sandbox.ts'
import { check } from '../checker.ts'
import { FAULTS, type Fault } from '../faults.ts'
import { tell } from '../story.ts'
import { buildBroken } from './broken-build.ts'
import type { Plan } from './plan.ts'
import { faultRun } from './run.ts'
import { SCRIPTS, SOUND } from './scripts.ts'
import { FILE } from './transport.ts'

const NAMED = FAULTS.map((fault): [string, Fault] => [fault.name, fault])

test('there is a script for each fault, and for nothing else', () => {
  expect(Object.keys(SCRIPTS)).toStrictEqual(FAULTS.map(({ name }) => name))
})

test.for(NAMED)(
  'the checker catches %s as a real program, and nothing in the sound one',
  async ([name, fault]) => {
    const plan = SCRIPTS[name]
    if (plan === undefined) throw new Error('a fault without a script')
    const broken = await judged(plan, async (root) => buildBroken(root, fault.patches))
    const caught = broken.violations.some(({ sentence }) => fault.sentences.includes(sentence))
    expect(caught, `${JSON.stringify(broken.violations)}\n${broken.story}`).toBe(true)
    const sound = await judged(plan, async () => undefined)
    expect(sound.violations, sound.story).toStrictEqual([])
    // what was to go wrong did so
    expect([broken.happened, sound.happened]).toStrictEqual([faultsOf(plan), faultsOf(plan)])
  },
)

test.for(Object.entries(SOUND))('no promise is broken where %s', async ([, { plan, ends, cut = false }]) => {
  const { violations, story, happened, counts, wasCut } = await judged(plan, async () => undefined)
  expect(violations, story).toStrictEqual([])
  // what was to show came to be
  expect(happened).toBe(faultsOf(plan))
  expect(Object.fromEntries(counts), story).toMatchObject(ends)
  expect(wasCut).toBe(cut)
})

function faultsOf({ scenes = [] }: Plan): number {
  return scenes.filter((scene) => scene.kind === 'do' && scene.fault !== undefined).length
}

/** What the checker says of a script played with a program of its own, or else with the product. */
async function judged(
  plan: Plan,
  build: (root: string) => Promise<readonly [string, ...string[]] | undefined>,
) {
  const sandbox = await Sandbox.create()
  try {
    const { history, counts } = await faultRun(sandbox, plan, FILE, await build(sandbox.root))
    const happened = [...counts].filter(([what]) => what.startsWith('fault: '))
    return {
      violations: check(history),
      story: tell(history),
      counts,
      wasCut: history.events.some((event) => event.kind === 'arbiter moved' && event.cut === true),
      happened: happened.reduce((sum, [, count]) => sum + count, 0),
    }
  } finally {
    sandbox.dispose()
  }
}
