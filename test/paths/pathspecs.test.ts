import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { RunOptions, Sandbox } from '../harness/sandbox.ts'
import { test as base } from '../harness/transcript.ts'
import { CountedGit } from '../process/counted-git.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }
const FILES = ['src/a.ts', 'src/api/errors.ts', 'src/api/errors.test.ts', 'docs/guide.md', 'docs/Read Me.md']

/** A sandbox with tracked files, one that is not tracked, and an attribute. */
const test = base.extend<{ tree: Sandbox }>({
  tree: async ({ sandbox }, use) => {
    for (const file of FILES) sandbox.write(file, `${file}\n`)
    sandbox.write('.gitattributes', '*.md kind=text\n')
    await sandbox.git(['add', '.'])
    await sandbox.git(['commit', '--quiet', '-m', 'files'])
    sandbox.write('src/untracked.ts', 'x\n')
    await use(sandbox)
  },
})

async function claimed(
  sandbox: Sandbox,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string[]> {
  const { keys } = await sandbox.json(['claim', ...args], { ...ANNA, ...options })
  return keys.map(({ key }: { key: string }) => key).sort()
}

const SPECS: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['glob', [':(glob)src/**/*.ts'], ['src/a.ts', 'src/api/errors.test.ts', 'src/api/errors.ts']],
  ['glob, whose * stops at /', [':(glob)src/*.ts'], ['src/a.ts']],
  ['empty magic, whose * does not', [':()src/*s.ts'], ['src/api/errors.ts']],
  ['exclude beside another', [':(glob)src/**', ':(exclude)src/api'], ['src/a.ts']],
  ['exclude written with !', [':(glob)src/**', ':!*.test.ts'], ['src/a.ts', 'src/api/errors.ts']],
  ['exclude written with ^', [':(glob)src/**', ':^src/api/'], ['src/a.ts']],
  ['icase', [':(icase)READ*'], ['README.md']],
  ['icase with glob', [':(icase,glob)DOCS/*'], ['docs/Read Me.md', 'docs/guide.md']],
  ['literal', [':(literal)docs'], ['docs/Read Me.md', 'docs/guide.md']],
  ['attr', [':(attr:kind=text)docs'], ['docs/Read Me.md', 'docs/guide.md']],
  ['several at once', [':(glob)docs/g*', ':(glob)*.md'], ['README.md', 'docs/guide.md']],
]

test.for(SPECS)(
  'a pathspec with %s stands for the tracked files that it fits',
  async ([, args, keys], { tree }) => {
    expect(await claimed(tree, args)).toEqual(keys)
  },
)

test.for([
  [':/*.md', ['README.md', 'docs/Read Me.md', 'docs/guide.md']],
  [':(top)docs', ['docs/Read Me.md', 'docs/guide.md']],
  [':(top,glob)*.md', ['README.md']],
  [':(glob)*.ts', ['src/a.ts']],
] as const)('from a subdirectory, "%s" counts as git counts it', async ([pathspec, keys], { tree }) => {
  expect(await claimed(tree, [pathspec], { cwd: join(tree.repo, 'src') })).toEqual(keys)
})

test('excludes alone leave the rest of the current directory', async ({ tree }) => {
  const inSrc = { cwd: join(tree.repo, 'src') }
  expect(await claimed(tree, [':!api'], inSrc)).toEqual(['src/a.ts'])
})

test('beside an exclude, a path stands for the tracked files in it', async ({ tree }) => {
  expect(await claimed(tree, ['src', ':!src/api', 'task:repo/T'])).toEqual(['src/a.ts', 'task:repo/T'])
})

test('pathspecs and plain paths go together, and what a path covers is dropped', async ({ tree }) => {
  expect(await claimed(tree, [':(glob)src/**/*.ts', 'new.ts', 'src/api'])).toEqual([
    'new.ts',
    'src/a.ts',
    'src/api',
  ])
})

test('check, locks and release take pathspecs, too', async ({ tree }) => {
  await claimed(tree, ['src/api/errors.ts'])
  await tree.dw(['claim', 'docs/guide.md'], BEN)
  const check = await tree.dw(['check', ':(glob)src/**/*.ts'], BEN)
  expect(check.status).toBe(1)
  expect(check.stdout).toContain('src/a.ts: free\n')
  expect(check.stdout).toContain('"src/api/errors.ts" is held by')
  const listed = await tree.json(['locks', ':(icase)DOCS'])
  expect(listed.items).toMatchObject([{ key: 'docs/guide.md' }])
  // what of the fitting files is not mine stays, and is no complaint
  expect(await tree.dw(['release', ':(glob)**'], ANNA)).toMatchObject({
    status: 0,
    stdout: 'src/api/errors.ts\n',
  })
  const none = await tree.dw(['release', ':(glob)src/**'], BEN)
  expect([none.status, none.stderr]).toEqual([1, expect.stringContaining('you hold none of the 3 files')])
  expect((await tree.json(['locks'])).items).toMatchObject([{ key: 'docs/guide.md' }])
})

test('a file that was lost is told when a pathspec that fits it is released', async ({ tree }) => {
  await claimed(tree, ['src/a.ts', 'src/api/errors.ts'])
  await tree.dw(['claim', 'src/a.ts', '--steal', '-m', 'urgent'], BEN)
  const outcome = await tree.dw(['release', ':(glob)src/**'], ANNA)
  expect([outcome.status, outcome.stdout]).toEqual([4, 'src/api/errors.ts\n'])
  expect(outcome.stderr).toContain('"src/a.ts" was taken by')
})

test('a claim of a pathspec takes all or none', async ({ tree }) => {
  await tree.dw(['claim', 'src/api/errors.ts'], BEN)
  const before = await tree.refs()
  expect((await tree.dw(['claim', ':(glob)src/**'], ANNA)).status).toBe(1)
  expect(await tree.refs()).toEqual(before)
})

test.for([
  [[':(glob)*.rs'], 1, 'the pathspec ":(glob)*.rs" fits no tracked file'],
  [[':(glob)src/untracked.*'], 1, 'fits no tracked file'],
  [[':(glob)src/**', ':(glob)lib/**'], 1, 'the pathspec ":(glob)lib/**" fits no tracked file'],
  [[':(glob)src/**', ':!src'], 1, 'together fit no tracked file'],
  [['src/untracked.ts', ':!docs'], 1, 'fits no tracked file'],
  [[':(bogus)x'], 129, 'the pathspec ":(bogus)x" has the unknown magic "bogus"'],
  [[':%x'], 129, 'has the unknown magic "%"'],
  [[':(glob'], 129, 'has no ")" after its magic'],
  [[':(glob,literal)x'], 129, 'has both "glob" and "literal"'],
  [[':(attr:)x'], 129, 'names no attribute'],
  [[':'], 129, 'names nothing'],
  [[':(glob)../*.ts'], 129, 'is outside this worktree'],
  [[':/../x*'], 129, 'is outside this worktree'],
] as const)('%j is an error of its own that changes nothing', async ([args, expected, saying], { tree }) => {
  const before = await tree.refs()
  for (const command of ['claim', 'check', 'locks', 'release']) {
    const { status, stderr, stdout } = await tree.dw([command, ...args], ANNA)
    expect([command, status, stdout, stderr]).toEqual([
      command,
      expected,
      '',
      expect.stringContaining(saying),
    ])
    expect(stderr).toContain('→')
  }
  expect(await tree.refs()).toEqual(before)
})

test('an exclude that takes nothing away is no error', async ({ tree }) => {
  expect(await claimed(tree, [':(glob)src/*', ':!nothing'])).toEqual(['src/a.ts'])
})

test.for(['GIT_LITERAL_PATHSPECS', 'GIT_NOGLOB_PATHSPECS', 'GIT_GLOB_PATHSPECS', 'GIT_ICASE_PATHSPECS'])(
  'the variable %s changes nothing',
  async (name, { tree }) => {
    const env = { [name]: '1' }
    expect(await claimed(tree, [':(glob)src/*.ts'], { env })).toEqual(['src/a.ts'])
    expect(await claimed(tree, [':/*guide.md'], { env })).toEqual(['docs/guide.md'])
    const unfit = await tree.dw(['claim', ':(glob)SRC/*'], { ...ANNA, env })
    expect(unfit.stderr).toContain('fits no tracked file')
  },
)

test('a pathspec costs one git process more, and a plain path none', async ({ tree }) => {
  await tree.dw(['init'], ANNA)
  const count = async (path: string) => (await new CountedGit(tree).run(['check', path], ANNA)).calls.length
  expect(await count(':(glob)src/*.ts')).toBe((await count('src/a.ts')) + 1)
  const plain = await new CountedGit(tree).run(['claim', 'x', ':/y', '*.ts'], ANNA)
  expect(plain.calls.filter((call) => call.includes('ls-files'))).toEqual([])
})

test('a plain path with the characters of a pattern is a path, and a hint says so', async ({ tree }) => {
  const outcome = await tree.dw(['claim', 'src/*.ts'], ANNA)
  expect([outcome.status, outcome.stdout]).toEqual([0, 'src/*.ts\n'])
  expect(outcome.stderr).toContain(
    `"src/*.ts" is taken as the name of one file; for the files that it fits: ':(glob)src/*.ts'`,
  )
  expect((await tree.json(['locks'])).items).toMatchObject([{ key: 'src/*.ts' }])
  tree.write('there[1].ts', '')
  expect((await tree.dw(['claim', 'there[1].ts'], ANNA)).stderr).toBe('')
})

test('a tracked link stands for what it leads to, as by its plain path', async ({ tree }) => {
  symlinkSync('README.md', join(tree.repo, 'LINK.md'))
  await tree.git(['add', 'LINK.md'])
  expect(await claimed(tree, [':(glob)LINK*'])).toEqual(['README.md'])
  symlinkSync('/', join(tree.repo, 'OUT.md'))
  await tree.git(['add', 'OUT.md'])
  const outcome = await tree.dw(['claim', ':(glob)OUT*'], ANNA)
  expect([outcome.status, outcome.stderr]).toEqual([129, expect.stringContaining('"OUT.md" is outside')])
})

test('a file in the middle of a merge is one key', async ({ tree }) => {
  await tree.git(['checkout', '--quiet', '-b', 'side'])
  tree.write('src/a.ts', 'side\n')
  await tree.git(['commit', '--quiet', '-am', 'side'])
  await tree.git(['checkout', '--quiet', 'main'])
  tree.write('src/a.ts', 'main\n')
  await tree.git(['commit', '--quiet', '-am', 'main'])
  expect((await tree.run('git', ['merge', 'side'])).status).toBe(1)
  expect((await tree.git(['ls-files', '-u'])).split('\n')).toHaveLength(3)
  expect(await claimed(tree, [':(glob)src/*.ts'])).toEqual(['src/a.ts'])
})

test('a pathspec fits the submodule itself and nothing in it', async ({ tree }) => {
  const library = join(tree.root, 'library')
  await tree.git(['clone', '--quiet', tree.repo, library])
  await tree.git(['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'lib'])
  expect(await claimed(tree, [':(glob)l*'])).toEqual(['lib'])
  const inside = await tree.dw(['claim', ':(glob)lib/**/*.ts'], ANNA)
  expect([inside.status, inside.stderr]).toEqual([1, expect.stringContaining('fits no tracked file')])
})

test('more than 1,000 files are refused by their number, before anything is written', async ({ tree }) => {
  for (let at = 0; at < 1001; at += 1) tree.write(`many/file-${at}`, '')
  await tree.git(['add', '.'])
  const before = await tree.refs()
  const outcome = await tree.dw(['claim', ':(glob)many/*'], ANNA)
  expect([outcome.status, outcome.stderr]).toEqual([129, expect.stringContaining('1,001 keys are too many')])
  expect(await tree.refs()).toEqual(before)
  // the limit counts what is left after what covers it
  expect(await claimed(tree, [':(glob)many/*', 'many'])).toEqual(['many'])
})
