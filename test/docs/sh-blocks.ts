import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')

/** A ```sh block of a page: what a reader copies into a script or a shell. */
export interface ShBlock {
  readonly page: string
  /** From 1, among those of its page. */
  readonly number: number
  readonly text: string
}

/** What stands for the placeholders that a reader fills in. */
const FILLED: Readonly<Record<string, string>> = { url: 'https://example.com/shop/pull/7', task: 'fix-login' }

/** Every ```sh block of the README, of the pages and of the skills, with its placeholders filled in. */
export function shBlocks(): ShBlock[] {
  const pages = ['README.md', 'CONTRIBUTING.md', ...pagesBelow('docs'), ...pagesBelow('skills')]
  return pages.flatMap((page) => {
    const blocks = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^( *)```sh\n([\s\S]*?)^ *```$/gm)]
    return blocks.map(([, , text = ''], at) => ({
      page,
      number: at + 1,
      text: text.replace(/<([a-z][a-z -]*)>/g, (_, name: string) => FILLED[name] ?? 'filled'),
    }))
  })
}

/** Decisions tell of what was at their time. */
function pagesBelow(directory: string): string[] {
  return readdirSync(join(ROOT, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('decisions'))
    .sort()
    .map((name) => join(directory, name))
}
