import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Sandbox } from '../harness/sandbox.ts'

/** A copy of the repository and of the worktrees, to be gone back to. */
export class SavedState {
  readonly #sandbox: Sandbox
  readonly #copy: string

  constructor(sandbox: Sandbox, name: string) {
    this.#sandbox = sandbox
    this.#copy = join(sandbox.root, 'saved', name)
    rmSync(this.#copy, { recursive: true, force: true })
    for (const [from, to] of this.#places()) if (existsSync(from)) copy(from, to)
  }

  restore(): void {
    for (const [from, to] of this.#places()) {
      rmSync(from, { recursive: true, force: true })
      if (existsSync(to)) copy(to, from)
    }
  }

  #places(): [string, string][] {
    const { repo, home } = this.#sandbox
    return [
      [join(repo, '.git'), join(this.#copy, 'git')],
      [join(home, 'worktrees'), join(this.#copy, 'worktrees')],
    ]
  }
}

function copy(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  cpSync(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
}

/** What tells one state from another: names and, of what is ours or a worktree's, contents without what is random. */
export function fingerprint(sandbox: Sandbox, refs: readonly string[]): string {
  const places = ['.git/dw', '.git/refs', '.git/worktrees'].map((name) => join(sandbox.repo, name))
  const files = [...places, join(sandbox.home, 'worktrees')].flatMap((place) =>
    existsSync(place)
      ? readdirSync(place, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map(({ parentPath, name }) => join(parentPath, name))
      : [],
  )
  const names = files.map((path) => {
    const whole = path.includes('/.git/dw/') ? unrandom(readFileSync(path, 'utf8')) : ''
    return `${unrandom(relative(sandbox.root, path))} ${whole}`
  })
  return [...names.sort(), ...refs].join('\n')
}

function unrandom(text: string): string {
  return text
    .replace(/SESS-[0-9A-Z]{10}/gi, 'SESS')
    .replace(/[0-9a-f]{24,}/g, 'OID')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID')
    .replace(/\d{13}(?:\.\d+)?/g, 'TIME')
}
