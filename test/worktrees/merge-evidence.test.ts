import { expect } from 'vitest'
import { CommitGraph } from '../../src/git/commit-graph.ts'
import { Git } from '../../src/git/exec.ts'
import { MergeEvidence } from '../../src/git/merge-evidence.ts'
import { mergedInto } from '../../src/git/merged.ts'
import { test } from '../harness/transcript.ts'

/** What a commit does: the text of a file (executable with "+x"), or null, which deletes it. */
type Files = Readonly<Record<string, string | null>>

/** Commits for git-fast-import(1), which makes them all in one process. */
class History {
  #text = ''
  #time = 1_700_000_000

  commit(branch: string, files: Files, from?: string, merge?: string): this {
    this.#time += 1
    const parents = [
      ...(from ? [`from refs/heads/${from}`] : []),
      ...(merge ? [`merge refs/heads/${merge}`] : []),
    ]
    const changes = Object.entries(files).map(([path, text]) => {
      const name = JSON.stringify(path)
      if (text === null) return `D ${name}`
      const mode = text.endsWith('+x') ? '100755' : '100644'
      return `M ${mode} inline ${name}\ndata ${Buffer.byteLength(text)}\n${text}`
    })
    const head = [`commit refs/heads/${branch}`, `committer A <a@b> ${this.#time} +0000`, 'data 0']
    this.#text += `${[...head, ...parents, ...changes].join('\n')}\n\n`
    return this
  }

  get stream(): string {
    return this.#text
  }
}

const lines = (...changed: readonly number[]) =>
  Array.from({ length: 20 }, (_, at) => (changed.includes(at) ? `changed ${at}` : `line ${at}`)).join('\n')

const START: Files = {
  a: lines(),
  b: lines(),
  'old/gone': 'went\n',
  tool: 'tool\n',
  'dir/one': 'one\n',
  'dir/two': 'two\n',
}

/** Branches of each kind, and what became of them in main. */
const history = new History()
  .commit('start', START)
  .commit('open', { 'new/new': 'new\n' }, 'start')
  .commit('squashed', { a: lines(1) }, 'start')
  .commit('squashed', { b: lines(1) })
  .commit('rebased', { a: lines(18) }, 'start')
  .commit('rebased', { c: 'c\n' })
  .commit('half', { a: lines(18) }, 'start')
  .commit('half', { d: 'd\n' })
  .commit('moved', { 'dir/three': 'three\n' }, 'start')
  .commit('followed', { 'dir/four': 'a file that main has where its directory went\n' }, 'start')
  .commit('deleted', { 'old/gone': null }, 'start')
  .commit('mode', { tool: 'tool\n+x' }, 'start')
  .commit('kept', { tool: 'tool\n+x', 'old/gone': null, other: 'x\n' }, 'start')
  .commit('empty', {}, 'start')
  .commit('reverted', { a: lines(9) }, 'start')
  .commit('reverted', { a: lines() })
  .commit('conflict', { b: lines(1, 2, 3) }, 'start')
  .commit('odd', { 'with\n"breaks"\tand ünicode': 'x\n', ':1': 'y\n' }, 'start')
  .commit('merging', { e: 'e\n' }, 'start')
  .commit('main', { f: 'f\n' }, 'start')
  .commit('merging', {}, undefined, 'main')
  .commit('main', { a: lines(1), b: lines(1) })
  .commit('main', { a: lines(1, 18) })
  .commit('main', { c: 'c\n' })
  .commit('main', { 'dir/three': 'three\n' })
  .commit('crossed', { g: 'g\n' }, 'start')
  .commit('side', {}, 'main', 'crossed')
  .commit('crossed', {}, undefined, 'main')
  .commit('main', {}, undefined, 'side')
  .commit('crossed', { h: 'h\n' })
  .commit('main', { 'old/gone': null, tool: 'tool\n+x', e: 'e\n', h: 'h\n' })
  .commit('main', { 'with\n"breaks"\tand ünicode': 'x\n', ':1': 'y\n' })
  .commit('early', { late: 'x\n' }, 'main')
  // the directory moves, and one file is only known under its new name
  .commit('main', {
    'dir/one': null,
    'dir/two': null,
    'dir/three': null,
    'lib/one': 'one\n',
    'lib/two': 'two\n',
    'lib/three': 'three\n',
    'lib/four': 'a file that main has where its directory went\n',
  })
  .commit('main', { a: lines(1, 18, 5) })

test('what changed files tell of merged branches is what git says of each of them', async ({ sandbox }) => {
  await sandbox.git(['fast-import', '--quiet', '--force'], { input: history.stream })
  const git = new Git(sandbox.env(), sandbox.repo)
  const tips = new Map(
    (await sandbox.git(['for-each-ref', '--format=%(refname:short) %(objectname)', 'refs/heads']))
      .split('\n')
      .map((line): [string, string] => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']),
  )
  const heads = [...tips.values()]
  const bases = ['main', 'early'].map((name) => tips.get(name) ?? '')
  const graph = await CommitGraph.read(git, heads)
  if (graph === null) throw new Error('no graph')
  const evidence = await MergeEvidence.read(git, graph, heads, bases)
  const told: Record<string, string | null> = {}
  for (const [name, head] of tips) {
    for (const base of bases) {
      const doubts = evidence.doubts(head, base) ?? undefined
      const answer = await mergedInto(git, head, base, doubts)
      expect(answer, name).toBe(await mergedInto(git, head, base))
      if (base === bases[0]) told[name] = answer
    }
  }
  expect(told).toMatchInlineSnapshot(`
    {
      "conflict": null,
      "crossed": null,
      "deleted": "squashed",
      "early": null,
      "empty": "squashed",
      "followed": null,
      "half": null,
      "kept": null,
      "main": "merged",
      "merging": null,
      "mode": "squashed",
      "moved": "rebased",
      "odd": "rebased",
      "open": null,
      "rebased": "rebased",
      "reverted": "squashed",
      "side": "merged",
      "squashed": "squashed",
      "start": "merged",
    }
  `)
  // nothing is left to ask of these
  for (const name of ['open', 'empty', 'reverted', 'mode']) {
    const doubts = evidence.doubts(tips.get(name) ?? '', bases[0] ?? '')
    expect(doubts, name).toMatchObject({ ancestor: false, adds: expect.any(Boolean) })
  }
})
