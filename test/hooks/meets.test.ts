import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HeldPlaces } from '../../src/domain/held-places.ts'
import type { LockName } from '../../src/domain/key.ts'
import { encodePath } from '../../src/domain/name.ts'
import { pathComponents } from '../domain/arbitrary.ts'
import { CountedHooks, SHELLS } from './counted.ts'
import { ANNA, BEN, Pushing, QUIET } from './pushing.ts'

const MEETS = resolve(import.meta.dirname, '../../hooks/meets.awk')
const ZEROS = '0'.repeat(40)
const END = ['//commits', '//changes']

describe.each([
  ['awk', []],
  ['busybox', ['awk']],
] as const)('without the program, %s', (program, words) => {
  /** Whether it says that nothing is met. */
  function isFree(lines: readonly string[]): boolean {
    const input = Buffer.from(`${lines.join('\n')}\n`)
    const env = { ...process.env, LC_ALL: 'C' }
    const { status, stderr } = spawnSync(program, [...words, '-f', MEETS], { input, env })
    expect(stderr.toString()).toBe('')
    return status === 0
  }

  const locks = (places: readonly string[]) => places.map((place) => `refs/dw/locks/${place}`)
  const free = (places: readonly string[], paths: readonly string[]) =>
    isFree([...locks(places), '//paths', ...paths.map(quoted), ...END])

  test('never takes a path for free that meets a lock', () => {
    const parts = fc.oneof(
      fc.constantFrom('a', 'B', 'src', '.git-x', '-x', 'x y', 'CON', 'a.lock'),
      pathComponents,
    )
    const paths = fc.array(parts, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'))
    const wellFormed = paths.filter((path) => !/[\0\ud800-\udfff]/u.test(path))
    const held = fc.array(wellFormed, { minLength: 1, maxLength: 4 })
    // the same names come back as others would write them, longer and shorter
    const near = fc
      .tuple(wellFormed, fc.constantFrom('', '/below'), fc.boolean(), fc.boolean())
      .map(([path, end, upper, shorter]) => {
        const cased = upper ? path.toUpperCase() : path
        return shorter ? cased.replace(/\/[^/]*$/, '') : `${cased}${end}`
      })
    fc.assert(
      fc.property(held, fc.array(near, { minLength: 1, maxLength: 3 }), fc.nat(3), (keys, others, own) => {
        const paths = [...others, ...keys.slice(0, own).map((key) => key.normalize('NFD'))].slice(0, 4)
        const places = keys.map((key) => `path/${encodePath(key)}` as LockName)
        const met = paths.some((path) => new HeldPlaces(places).metBy(path).length > 0)
        if (met) expect(free(places, paths), JSON.stringify({ keys, paths })).toBe(false)
      }),
      { numRuns: 150, seed: 11 },
    )
  })

  test('knows ordinary names, and those that locks encode, from others', () => {
    const names = ['src/a.ts', '.github/w.yml', 'app/[id]/page (1).tsx', '-x/@y', 'a%b/A+B', 'x/LICENSE']
    for (const name of names) {
      const places = [`path/${encodePath(name)}`]
      expect(free(places, [name, 'other']), name).toBe(false)
      expect(free(places, [`${name}/below`]), name).toBe(false)
      expect(free(places, [name.replace(/\/.*/, '')]), name).toBe(false)
      expect(free(places, [`${name}x`, `${name.replace(/\/.*/, '')}/z`, 'z']), name).toBe(true)
    }
    // a name that it does not spell out itself counts as any name in its directory
    expect(free(['path/src/a'], ['docs/übung', 'docs/x.lock/y', 'docs/con', `docs/${'n'.repeat(181)}`])).toBe(
      true,
    )
    for (const name of ['übung', 'x.lock/y', 'con.txt', 'a..b', 'n'.repeat(181), 'tab\there']) {
      expect(free(['path/src/a'], [`src/${name}`]), name).toBe(false)
    }
    expect(free(['path'], ['x'])).toBe(false)
  })

  test('takes nothing for free that it does not understand', () => {
    const task = (record: string) => [`refs/dw/locks/task/app/t {${record}}`, '//paths', ...END]
    expect(isFree(['//pushed refs/heads/b', ...task('"branch":"a","why":"\\"branch\\":\\"b\\""')])).toBe(true)
    expect(isFree(['//pushed refs/heads/a', ...task('"branch":"a"')])).toBe(false)
    expect(isFree(['//pushed refs/heads/a', ...task('"branch": "a"')])).toBe(false)
    expect(isFree(['//pushed refs/heads/a', ...task('"branch":"\\u0061"')])).toBe(false)
    expect(isFree(['//pushed refs/heads/a"b', ...task('"branch":"a\\"b"')])).toBe(false)
    expect(isFree(['refs/dw/meta {"id":"x","minReader":2,"schema":2}', '//paths', ...END])).toBe(false)
    expect(isFree(['?', '//paths', ...END])).toBe(false)
    expect(isFree(['refs/dw/locks/unknown/x', '//paths', ...END])).toBe(false)
    expect(isFree([...locks(['path/a//b']), '//paths', ...END])).toBe(false)
    // what git says of a damaged ref, by itself and in the middle of what it lists
    const said = 'warning: ignoring broken ref refs/dw/locks/path/x'
    expect(isFree([said, '//paths', ...END])).toBe(false)
    expect(isFree([`refs/dw/meta {"minReader":1,"v":1}${said}`, '', '//paths', ...END])).toBe(false)
    expect(isFree(['refs/dw/meta {"minReader":1,"v":1}', '', '//paths', ...END])).toBe(true)
    // git did not come to the end
    expect(isFree(['//paths', 'x', '//changes'])).toBe(false)
    expect(isFree(['//paths', 'x', '//commits'])).toBe(false)
    expect(isFree(['//paths', 'x', ...END])).toBe(true)
  })
})

/** A name as git prints it with core.quotePath. */
function quoted(name: string): string {
  const bytes = [...Buffer.from(name, 'utf8')].map((byte) => {
    const char = String.fromCharCode(byte)
    if (char === '"' || char === '\\') return `\\${char}`
    return byte < 0x20 || byte > 0x7e ? `\\${byte.toString(8).padStart(3, '0')}` : char
  })
  const text = bytes.join('')
  return text === name ? name : `"${text}"`
}

describe('where others hold something', () => {
  let pushing: Pushing
  let counted: CountedHooks

  beforeAll(async () => {
    pushing = await Pushing.create()
    counted = new CountedHooks(pushing.sandbox)
    await pushing.dw(['claim', 'src', 'docs/held.md'], ANNA)
    await pushing.dw(['claim', '--task', 'T', '-m', 'say "hello"'], ANNA)
    await pushing.dw(['claim', 'mine'], BEN)
    await pushing.commit('docs/free.md', 'x')
    await pushing.commit('mine/x y.ts', 'x')
    const { sandbox } = pushing
    await sandbox.git(['checkout', '--quiet', '-b', 'side', 'HEAD~1'], { env: QUIET })
    await pushing.commit('lib/ü/x', 'x')
    await sandbox.git(['merge', '--quiet', '--no-ff', '-m', 'merge', 'main'], { env: QUIET })
  })
  afterAll(() => pushing.sandbox.dispose())

  async function push(shell: readonly string[], refs: readonly string[], remote = 'origin') {
    const { sandbox } = pushing
    const lines = refs.map(async (ref) => {
      const [from = '', to = ''] = ref.split(':')
      return `${from} ${from === '' ? ZEROS : await sandbox.git(['rev-parse', from])} refs/heads/${to} ${ZEROS}\n`
    })
    const input = (await Promise.all(lines)).join('')
    const outcome = await counted.script(shell, 'pre-push', [remote, 'url'], { ...BEN, input })
    return { status: outcome.status, stderr: outcome.stderr, node: outcome.node, git: outcome.git.length }
  }

  test.each(SHELLS)('under %s, a push that meets none of it starts no Node', async (_, shell) => {
    const free = { status: 0, stderr: '', node: 0 }
    expect(await push(shell, ['main:x', 'side:side', 'main@{0 seconds ago}:y', ':gone'])).toStrictEqual({
      ...free,
      git: 3,
    })
  })

  test('a push that meets some of it is refused by the program', async () => {
    for (const [refs, remote] of [
      [[...'abcde'].map((name) => `main:${name}`).concat('main:feature/T')],
      [['main:feature/T']],
      [[':feature/T']],
      [['main:x'], 'elsewhere'],
    ] as const) {
      const { status, stderr, node } = await push(['sh'], refs, remote)
      expect({ status, node }, refs.join()).toStrictEqual({ status: 1, node: 1 })
      expect(stderr).toContain('is held by SESS-')
    }
  })

  test('what is in doubt is left to the program', async () => {
    const { sandbox } = pushing
    const put = async (ref: string, text: string) => {
      const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { input: text })
      await sandbox.git(['update-ref', ref, blob])
    }
    // a record of several lines, one of them as a list of locks would end
    await put('refs/dw/locks/path/zzz', '{"v":1,\n//paths\n//commits\n//changes\n"session":"x"}\n')
    expect(await push(['sh'], ['main:x'])).toMatchObject({ status: 0, node: 1 })
    await sandbox.git(['update-ref', '-d', 'refs/dw/locks/path/zzz'])
    await put('refs/dw/locks/task/remote/zzz', '{"branch" :"other"}\n')
    expect(await push(['sh'], ['main:x'])).toMatchObject({ status: 0, node: 1 })
    await sandbox.git(['update-ref', '-d', 'refs/dw/locks/task/remote/zzz'])
    expect(await push(['sh'], ['main:x'])).toMatchObject({ status: 0, node: 0 })
  })
})
