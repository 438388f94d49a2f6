// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the samples are source code with templates
import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import {
  impureDomain,
  type Sources,
  tooLong,
  vagueNames,
  wrongArrows,
  wrongProcessReads,
  wrongStarters,
} from './layers/check.ts'
import { importsOf } from './layers/imports.ts'
import { readSource } from './layers/source-text.ts'
import { ARROWS, MAX_LINES } from './layers/table.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The files under a directory of the project, by their path from it. */
function filesUnder(directory: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, directory).length + 1))
    .map((path) => path.split(sep).join('/'))
}

function readSources(): Sources {
  const paths = filesUnder('src').filter((path) => /\.[cm]?[jt]sx?$/.test(path))
  return new Map(paths.map((path) => [path, readFileSync(join(root, 'src', path), 'utf8')]))
}

/** Sources made up for a test. */
const sample = (files: Record<string, string>): Sources => new Map(Object.entries(files))

/** The arrows found wrong when `from` holds `code`, with one empty file for every target it may need. */
const arrowsOf = (from: string, code: string) =>
  wrongArrows(
    sample({
      'main.ts': '',
      'man.ts': '',
      'cli/command.ts': '',
      'cli/context.ts': '',
      'cli/run.ts': '',
      'commands/claim.ts': '',
      'commands/worktree/list.ts': '',
      'domain/error.ts': '',
      'domain/key.ts': '',
      'flows/claim.ts': '',
      'git/exec.ts': '',
      'reader/index.ts': '',
      'report/table.ts': '',
      'share/sync.ts': '',
      'store/git-store.ts': '',
      'store/schema.ts': '',
      [from]: code,
    }),
  )

describe('the source tree', () => {
  const sources = readSources()

  test('is read', () => expect(sources.size).toBeGreaterThan(0))
  test('has no arrow that the table does not allow', () => expect(wrongArrows(sources)).toEqual([]))
  test('starts processes in the files of the table only', () => expect(wrongStarters(sources)).toEqual([]))
  test('reads process in cli/ and main.ts, and where it ends a process group, only', () =>
    expect(wrongProcessReads(sources)).toEqual([]))
  test('keeps domain/ pure', () => expect(impureDomain(sources)).toEqual([]))
  test('has no file that is too long', () => expect(tooLong(sources)).toEqual([]))
  test('has no name that hides what is inside', () => {
    expect(['src', 'test', 'scripts'].flatMap((directory) => vagueNames(filesUnder(directory)))).toEqual([])
  })
})

describe('the check of arrows', () => {
  test.each([
    ['main.ts', 'flows/claim.ts'],
    ['man.ts', 'commands/claim.ts'],
    ['commands/x.ts', 'store/git-store.ts'],
    ['commands/x.ts', 'git/exec.ts'],
    ['commands/x.ts', 'cli/run.ts'],
    ['cli/x.ts', 'reader/index.ts'],
    ['flows/x.ts', 'commands/claim.ts'],
    ['flows/x.ts', 'report/table.ts'],
    ['flows/x.ts', 'cli/command.ts'],
    ['share/x.ts', 'flows/claim.ts'],
    ['store/x.ts', 'share/sync.ts'],
    ['reader/x.ts', 'store/git-store.ts'],
    ['reader/x.ts', 'git/exec.ts'],
    ['report/x.ts', 'store/schema.ts'],
    ['git/x.ts', 'domain/key.ts'],
    ['git/x.ts', 'store/schema.ts'],
    ['domain/x.ts', 'store/schema.ts'],
    ['domain/x.ts', 'git/exec.ts'],
  ])('refuses %s → %s', (from, target) => {
    const up = from.includes('/') ? '..' : '.'
    expect(arrowsOf(from, `import { a } from '${up}/${target}'\n`)).toEqual([
      `${from}:1: may not import ${target}`,
    ])
  })

  test('refuses nothing that the table allows', () => {
    for (const [layer, targets] of Object.entries(ARROWS)) {
      const up = layer.endsWith('/') ? '../' : './'
      const from = layer.endsWith('/') ? `${layer}x.ts` : layer
      for (const { to, typesOnly } of targets) {
        const target = to.endsWith('/') ? `${to}target.ts` : to
        const code = `import ${typesOnly ? 'type ' : ''}{ a } from '${up}${target}'\n`
        const files = target.startsWith('..') ? { [from]: code } : { [from]: code, [target]: '' }
        expect(wrongArrows(sample(files)), `${from} → ${target}`).toEqual([])
      }
    }
  })

  test.each([
    ["import a, { type B } from '../store/schema'"],
    ["import * as a from '../store/schema.js'"],
    ["import '../store/schema.ts'"],
    ["import{a}from'../store/schema.ts'"],
    ["import type { A } from '../store/schema.ts'"],
    ["import {\n  a, // why\n  b,\n} from '../store/schema.ts'"],
    ["export * from '../store/schema.ts'"],
    ["export { a as b } from '../store/schema.ts'"],
    ["export type { A } from '../store/schema.ts'"],
    ["const a = await import('../store/schema.ts')"],
    ['const a = () => import( /* lazy */ `../store/schema.ts` )'],
    ["let a: typeof import('../store/schema.ts')"],
    ["const text = `${await import('../store/schema.ts')} // no comment`"],
  ])('sees %j', (code) => {
    expect(arrowsOf('domain/x.ts', `${code}\n`)).toEqual(['domain/x.ts:1: may not import store/schema.ts'])
  })

  test('follows a longer way round and a directory with an index', () => {
    expect(arrowsOf('domain/x/y.ts', "import '../../domain/../git/exec.ts'")).toHaveLength(1)
    expect(arrowsOf('commands/x.ts', "import '../reader'")).toHaveLength(1)
    expect(arrowsOf('commands/worktree/x.ts', "import './list.ts'")).toEqual([])
  })

  test('lets commands/ have the types of cli/context.ts and no more', () => {
    expect(arrowsOf('commands/x.ts', "import type { A } from '../cli/context.ts'")).toEqual([])
    expect(arrowsOf('commands/x.ts', "import { type A } from '../cli/context.ts'")).toEqual([
      'commands/x.ts:1: may import only types of cli/context.ts',
    ])
  })

  test('refuses what it cannot follow', () => {
    expect(arrowsOf('cli/x.ts', '\nimport(name)')).toEqual(['cli/x.ts:2: import() of a computed name'])
    expect(arrowsOf('cli/x.ts', 'import(`./${name}.ts`)')).toEqual([
      'cli/x.ts:1: import() of a computed name',
    ])
    expect(arrowsOf('cli/x.ts', "import './gone.ts'")).toEqual(['cli/x.ts:1: there is no "./gone.ts"'])
    expect(arrowsOf('cli/x.ts', "import '../../../etc/x.ts'")).toHaveLength(1)
    expect(arrowsOf('flows/x.ts', "import '../../package.json'")).toHaveLength(1)
    expect(arrowsOf('extra/x.ts', '')).toEqual(['extra/x.ts: "extra/" is no layer'])
    expect(arrowsOf('extra.ts', '')).toEqual(['extra.ts: "extra.ts" is no layer'])
  })
})

describe('the reading of sources', () => {
  const specifiers = (code: string) => importsOf(readSource(code)).map(({ specifier }) => specifier)

  test('passes over comments, strings, templates and regular expressions', () => {
    const code = [
      "// import './a.ts'",
      "/* import './a.ts'\n import './b.ts' */",
      'const a = "import \'./a.ts\'"',
      "const b = `import './a.ts' ${`nested ${1}`} import './b.ts'`",
      "const c = /import '.\\/a.ts'/",
      "const d = object.import('./a.ts')",
    ]
    expect(specifiers(code.join('\n'))).toEqual([])
  })

  test('is not led astray by quotes and slashes inside them', () => {
    const code = [
      `const a = /["'\`/]/.test("//") || '/*'`,
      "const b = 4 / 2 / 1 // it's",
      'const c = `${{ a: `}` }}` + "\\""',
      "import './found.ts' /* */",
    ]
    expect(specifiers(code.join('\n'))).toEqual(['./found.ts'])
  })

  test('takes each import by itself', () => {
    const code = "export { a }\nexport type { B } from './b.ts'\nimport './c.ts'\nimport d from './d.ts'"
    expect(importsOf(readSource(code))).toMatchObject([
      { specifier: './b.ts', typeOnly: true, line: 2 },
      { specifier: './c.ts', typeOnly: false, line: 3 },
      { specifier: './d.ts', typeOnly: false, line: 4 },
    ])
  })

  test('keeps every line where it was', () => {
    const code = "a\n/* b\n c */ 'd' `e\n${f}\n` // g\n/h/.test(i)"
    const { code: masked, withStrings } = readSource(code)
    expect(masked).toHaveLength(code.length)
    expect(withStrings).toHaveLength(code.length)
    expect(masked.split('\n')).toHaveLength(code.split('\n').length)
    expect(masked).toContain('${f}'.slice(1))
  })
})

describe('the check of processes', () => {
  test.each([
    ["import { spawn } from 'node:child_process'"],
    ["import { spawn } from 'child_process'"],
    ["import type { ChildProcess } from 'node:child_process'"],
    ["const a = await import('node:child_process')"],
    ["const a = require('child_process')"],
    ["const a = process.getBuiltinModule('node:child_process')"],
    ["import cluster from 'node:cluster'"],
    ["import { execa } from 'execa'"],
    ["Bun.spawn(['git'])"],
    ["globalThis.Bun?.spawn(['git'])"],
  ])('refuses %j outside a few files', (code) => {
    expect(wrongStarters(sample({ 'git/other.ts': code }))).toHaveLength(1)
    expect(wrongStarters(sample({ 'git/exec.ts': code }))).toEqual([])
  })

  test('passes over comments', () => {
    expect(wrongStarters(sample({ 'cli/x.ts': "// not 'child_process'" }))).toEqual([])
  })

  test.each([
    ['const a = process.env.HOME'],
    ["const a = process['env']"],
    ['const a = process?.argv'],
    ['const { env } = process'],
    ['const a = globalThis.process.env'],
    ['const a = `${process.pid}`'],
    ["import process from 'node:process'"],
    ["import { env } from 'process'"],
  ])('refuses %j outside cli/ and main.ts', (code) => {
    expect(wrongProcessReads(sample({ 'flows/x.ts': code }))).toHaveLength(1)
    expect(wrongProcessReads(sample({ 'cli/x.ts': code, 'main.ts': code }))).toEqual([])
  })

  test('passes over words that only look like it', () => {
    const code =
      "// process.env\nconst a = 'process.env'\nconst b = stamp.process.id\nconst c = child_process.a"
    expect(wrongProcessReads(sample({ 'flows/x.ts': code }))).toEqual([])
  })
})

describe('the check of domain/', () => {
  test.each([
    ["import { readFileSync } from 'node:fs'"],
    ["import { join } from 'path'"],
    ["import * as t from 'typanion'"],
    ['const a = Date.now()'],
    ['const a = [1].map(Date.now)'],
    ['const a = new Date()'],
    ['const a = new Date'],
    ['const a = Date()'],
    ['const a = Math.random()'],
    ['const a = crypto.randomUUID()'],
    ["import { randomBytes } from 'node:crypto'"],
    ['const a = performance.now()'],
    ['const a = `${Date.now()}`'],
  ])('refuses %j', (code) => {
    expect(impureDomain(sample({ 'domain/x.ts': code }))).toHaveLength(1)
    expect(impureDomain(sample({ 'flows/x.ts': code }))).toEqual([])
  })

  test('allows hashes and dates that are given', () => {
    const code = [
      "import { createHash } from 'node:crypto'",
      'const a = new Date(now).toISOString()',
      'const b: Date = given',
      'const c = Date.parse(text) // Date.now()',
      "const d = 'Math.random()'",
    ]
    expect(impureDomain(sample({ 'domain/x.ts': code.join('\n') }))).toEqual([])
  })
})

describe('the checks of length and names', () => {
  test('allow the longest file and refuse one line more', () => {
    expect(tooLong(sample({ 'cli/x.ts': 'a\n'.repeat(MAX_LINES) }))).toEqual([])
    expect(tooLong(sample({ 'cli/x.ts': 'a\n'.repeat(MAX_LINES + 1) }))).toHaveLength(1)
    expect(tooLong(sample({ 'cli/x.ts': `${'a\n'.repeat(MAX_LINES)}a` }))).toHaveLength(1)
  })

  test('refuse vague names of files and folders', () => {
    const vague = [
      'cli/utils.ts',
      'helpers/x.ts',
      'git/common/x.ts',
      'misc.ts',
      'flows/manager.test.ts',
      'a/Util.ts',
    ]
    expect(vagueNames(vague)).toEqual(vague)
    expect(vagueNames(['cli/context.ts', 'flows/helpless.ts'])).toEqual([])
  })
})
