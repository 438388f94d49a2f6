import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { play } from './console-page.ts'

const ROOT = resolve(import.meta.dirname, '../..')

const PAGES = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]
const textOf = (page: string) => readFileSync(join(ROOT, page), 'utf8')
const WITH_BLOCKS = PAGES.filter((page) => /^```console$/m.test(textOf(page)))

// all pages at once, on a machine that may be busy
test.concurrent.for(WITH_BLOCKS)('the commands in %s print what it says', async (page) => {
  const { said, seen, corrected } = await play(textOf(page))
  if (process.env['DW_DOCS_WRITE'] && seen !== said) writeFileSync(join(ROOT, page), corrected)
  expect(seen).toBe(said)
})

test.concurrent('a page that says what is not so is found out, whoever of its people says it', async () => {
  const page = [
    '# A page',
    '```console',
    '$ git dw claim src',
    'started SESS-0123456789',
    'src',
    '$ echo $?',
    '1',
    'ben$ git dw check src',
    'src  free',
    '```',
    '',
  ].join('\n')
  const { said, seen } = await play(page)
  expect(said).toContain('\n$ echo $?\n1\n')
  expect(seen).toContain('\n$ echo $?\n0\n')
  expect(seen).toContain('"src" is held by <SESS 1> (ann@mill')
})

test('the README has blocks that are run', () => {
  expect(WITH_BLOCKS).toContain('README.md')
})
