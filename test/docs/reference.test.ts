import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { HOOK_REGISTRY, REGISTRY } from '../../src/cli/registry.ts'
import { allHelp } from '../../src/cli/usage.ts'
import { EXIT_STATUS } from '../../src/domain/error.ts'
import type { CommandHelp } from '../../src/report/command-help.ts'
import { ENVIRONMENT, EXIT_STATUSES, GIVEN, SETTINGS } from '../../src/report/reference.ts'
import { commandPage } from './command-page.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const below = (directory: string, end: RegExp) =>
  readdirSync(join(ROOT, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => end.test(name))
    .map((name) => join(directory, name))
    .filter((path) => statSync(join(ROOT, path)).isFile())

/** What users and agents read. Decisions tell of what was at their time. */
const PAGES = ['README.md', ...below('docs', /\.md$/), ...below('skills', /\.md$/)].filter(
  (path) => !path.startsWith(join('docs', 'decisions')),
)
const CODE = [...below('src', /\.ts$/), ...below('hooks', /^(?!README)/), 'bin/git-dw']
const sorted = (words: Iterable<string>) => [...new Set(words)].sort()

/** Blocks and spans of code; of blocks with output only the commands and the next steps. */
const codeOf = (page: string) => {
  const text = read(page)
  const blocks = [...text.matchAll(/^ *```(\w*)\n([\s\S]*?)^ *```$/gm)].map(([, kind, body = '']) =>
    kind === 'console'
      ? body
          .split('\n')
          .filter((line) => /^[a-z]*\$ | {2}→ /.test(line))
          .join('\n')
      : body,
  )
  const spans = [...text.replace(/^ *```[\s\S]*?^ *```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(
    ([, span = '']) => span,
  )
  return [...blocks, ...spans].join('\n')
}

/** The first two cells of the rows of a page's tables, by what the first one starts with. */
const rowsOf = (page: string, first: RegExp) =>
  [...read(page).matchAll(/^\| `([^|]+)` \| (.*) \|$/gm)].filter(([, cell = '']) => first.test(cell))

let commands: CommandHelp[]
beforeAll(async () => {
  commands = await allHelp()
})

test('docs/commands.md is what the commands say of themselves', async () => {
  await expect(commandPage(commands)).toMatchFileSnapshot(join(ROOT, 'docs/commands.md'))
})

describe('settings', () => {
  test('docs/settings.md has every setting, with its values, default and effect', () => {
    const rows = SETTINGS.map(
      ({ name, values, standard, effect }) => `| \`${name}\` | ${values} | ${standard} | ${effect} |`,
    )
    const listed = rowsOf('docs/settings.md', /^(?:dw|color)\./).map(([row]) => row)
    expect(listed).toStrictEqual(rows)
  })

  test('those that the code reads are those of the reference', () => {
    const text = CODE.filter((path) => !path.endsWith('reference.ts'))
      .map(read)
      .join('\n')
    const named = [...text.matchAll(/(?<![\w/.-])dw\.[a-z][a-zA-Z]+(?![\w(.])/g)].map(([name]) => name)
    // git prints names in lower case; "dw.statusof" is none of the user's, but a list that one call hands to git
    const known = SETTINGS.map(({ name }) => name).filter((name) => name.startsWith('dw.'))
    const lower = new Set(known.map((name) => name.toLowerCase()))
    expect(
      sorted(named.filter((name) => name !== 'dw.statusof' && (!lower.has(name) || known.includes(name)))),
    ).toStrictEqual(sorted(known))
  })

  test('a page names none that there is not', () => {
    const known = ['color.ui', ...SETTINGS.map(({ name }) => name)]
    const wrong = PAGES.flatMap((page) =>
      [...read(page).matchAll(/(?<![\w/-])(?:dw|color)\.[a-zA-Z]+(?=[`=\s)])/g)]
        .filter(([name]) => !known.includes(name))
        .map(([name]) => `${page}: ${name}`),
    )
    expect(wrong).toStrictEqual([])
  })
})

describe('environment variables', () => {
  const read_ = ENVIRONMENT.flatMap(([names]) => names.split(', '))
  const given = GIVEN.map(([name]) => name)

  test('docs/settings.md has every variable with its meaning', () => {
    const listed = rowsOf('docs/settings.md', /^[A-Z]/).map(([row]) => row)
    const rows = [...ENVIRONMENT, ...GIVEN].map(
      ([names, meaning]) =>
        `| ${names
          .split(', ')
          .map((name) => `\`${name}\``)
          .join(', ')} | ${meaning} |`,
    )
    expect(listed).toStrictEqual(rows)
  })

  test('those of ours that the code reads are those of the reference, but for the tests’ own', () => {
    const text = CODE.map(read).join('\n')
    const used = [...text.matchAll(/env\['(DW_[A-Z_]+)'\]/g), ...text.matchAll(/\$\{?(DW_[A-Z_]+)/g)].map(
      ([, name = '']) => name,
    )
    const ours = [...read_, ...given].filter((name) => name.startsWith('DW_'))
    expect(sorted(used).filter((name) => !name.startsWith('DW_TEST_') && !ours.includes(name))).toStrictEqual(
      [],
    )
    expect(read_.filter((name) => name.startsWith('DW_') && !used.includes(name))).toStrictEqual([])
    const set = [...text.matchAll(/^ {4}(DW_[A-Z_]+):/gm)].map(([, name = '']) => name)
    expect(sorted(set.filter((name) => !(name in EXIT_STATUS)))).toStrictEqual(sorted(given))
  })
})

describe('error codes', () => {
  test('docs/troubleshooting.md has a part for every code, with its exit status, and no other', () => {
    const parts = [...read('docs/troubleshooting.md').matchAll(/^### (DW_\w+) \((\d+)\)$/gm)]
    const listed = parts.map(([, code = '', status]) => [code, Number(status)])
    expect(Object.fromEntries(listed)).toStrictEqual(EXIT_STATUS)
  })

  test('a page names no code and no variable that there is not', () => {
    const known = new Set([
      ...Object.keys(EXIT_STATUS),
      ...[...ENVIRONMENT, ...GIVEN].flatMap(([names]) => names.split(', ')),
    ])
    const wrong = PAGES.flatMap((page) =>
      [...read(page).matchAll(/\bDW_[A-Z_]+\b/g)]
        .filter(([name]) => !known.has(name) && !/^DW_(?:TEST|DOCS)_/.test(name))
        .map(([name]) => `${page}: ${name}`),
    )
    expect(wrong).toStrictEqual([])
  })

  test('the README has every exit status', () => {
    const listed = [...read('README.md').matchAll(/^\| (\d+(?:, \d+)*) \|/gm)].flatMap(([, each = '']) =>
      each.split(', '),
    )
    expect(sorted(listed)).toStrictEqual(sorted(EXIT_STATUSES.map(([status]) => status)))
  })
})

describe('commands', () => {
  const names = [...REGISTRY, ...HOOK_REGISTRY].map(({ path }) => path.join(' '))
  const firsts = new Set(names.map((name) => name.split(' ')[0]))

  /** Every `git dw …` in what the tests saw on stderr: hints, and what is narrated. */
  const told = () =>
    below('test/transcripts', /\.txt$/)
      .flatMap((path) => [...read(path).matchAll(/^2> .*?: (.*)$/gm)].map(([, command = '']) => command))
      .join('\n')

  /** Every `git dw …` in code, with its words. */
  const callsIn = (code: string) =>
    [...code.matchAll(/(?<!\w)git dw((?: +(?:"[^"]*"|'[^']*'|<[^>]+>|[^\s`|;&)<"'#$]+))+)/g)].map(
      ([, words = '']) => words.trim().split(/ +/),
    )

  test('pages and hints name none that there is not, and no option that a command does not take', () => {
    const places = [
      ...PAGES.map((page): [string, string] => [page, codeOf(page)]),
      ['a hint', told()] as const,
    ]
    expect(callsIn(told()).length).toBeGreaterThan(100)
    const wrong = places.flatMap(([page, code]) =>
      callsIn(code).flatMap((words) => {
        const bare = words.filter((word, at) => !word.startsWith('-') && words[at - 1] !== '--session')
        const [first = '', second] = bare
        if (!/^[a-z][a-z-]+$/.test(first)) return []
        const name =
          names.find((each) => each === `${first} ${second}`) ?? names.find((each) => each === first)
        if (name === undefined) return firsts.has(first) ? [] : [`${page}: git dw ${words.join(' ')}`]
        const help = commands.find((each) => each.name === name)
        const taken = help?.options.flatMap(({ flags }) => flags.match(/--?[a-z][a-z-]*/g) ?? []) ?? []
        const end = words.indexOf('--')
        const options = (end < 0 ? words : words.slice(0, end)).flatMap(
          (word) => /^--?[a-z][a-z-]*/.exec(word)?.[0] ?? [],
        )
        const common = ['-h', '--help', '--version', '--json', '--session']
        return options
          .filter((option) => help !== undefined && !taken.includes(option) && !common.includes(option))
          .map((option) => `${page}: git dw ${name} ${option}`)
      }),
    )
    expect(wrong).toStrictEqual([])
  })

  test('the table of the design has every command with its options, and no other', () => {
    const [, table = ''] =
      /^\| command \| answer on stdout \|\n([\s\S]*?)^$/m.exec(read('docs/design.md')) ?? []
    const spans = [...table.matchAll(/^\| (`.*`) \| /gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span),
    )
    const optionsOf = (text: string) => sorted(text.match(/(?<![\w-])--?[a-z][a-z-]*/g) ?? [])
    const listed = new Map<string, string>()
    for (const span of spans) {
      const name = names
        .filter((each) => `${span} `.startsWith(`${each} `))
        .sort((a, b) => b.length - a.length)[0]
      listed.set(name ?? span, `${listed.get(name ?? span) ?? ''} ${span}`)
    }
    const taken = (flags: string) => {
      const all = flags.match(/--?[a-z][a-z-]*/g) ?? []
      return all[0] ?? ''
    }
    const common = ['--json', '--session']
    expect(Object.fromEntries([...listed].map(([name, text]) => [name, optionsOf(text)]))).toStrictEqual(
      Object.fromEntries(
        commands.map(({ name, options }) => [
          name,
          sorted(options.map(({ flags }) => taken(flags)).filter((flag) => !common.includes(flag))),
        ]),
      ),
    )
  })

  test('the README lists every command', () => {
    const text = read('README.md')
    const missing = REGISTRY.filter(
      ({ path }) => !path.every((word) => new RegExp(`\\b${word}\\b`).test(text)),
    )
    expect(missing.map(({ path }) => path.join(' '))).toStrictEqual([])
  })
})

test('a link between pages leads to one that is there, and to a heading of it', () => {
  const slug = (heading: string) =>
    heading
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/ /g, '-')
  const wrong = PAGES.flatMap((page) =>
    [
      ...read(page)
        .replace(/```[\s\S]*?```/g, '')
        .matchAll(/\]\(([^)\s:]*)\)/g),
    ].flatMap(([, link = '']) => {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : join(page, '..', path)
      if (!existsSync(join(ROOT, target))) return [`${page}: ${link}`]
      const text = /\.md$/.test(target) ? read(target) : ''
      const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => slug(heading))
      return anchor === undefined || anchors.includes(anchor) ? [] : [`${page}: ${link}`]
    }),
  )
  expect(wrong).toStrictEqual([])
})

test('docs/decisions/README.md lists every page by its day and title', () => {
  const pages = below('docs/decisions', /^\d.*\.md$/).sort()
  const rows = pages.map((path) => {
    const [, title] = /^# (.*)$/m.exec(read(path)) ?? []
    const name = path.slice('docs/decisions/'.length)
    return `- ${name.slice(0, 10)} [${title}](${name})`
  })
  expect([...read('docs/decisions/README.md').matchAll(/^- \d.*$/gm)].map(([row]) => row)).toStrictEqual(rows)
})
