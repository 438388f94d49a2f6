import { randomUUID } from 'node:crypto'
import { lstat, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { AGENTS_BLOCK, type Marked, withAgentsBlock } from '../../domain/agents-block.ts'
import { DwError } from '../../domain/error.ts'
import { errnoReason } from '../errno-reason.ts'
import type { Workspace } from '../workspace.ts'

/** A file that agents read, and what became of the block in it. */
export interface WrittenFile {
  /** From the top of the worktree. */
  readonly path: string
  readonly outcome: 'created' | 'added' | 'updated' | 'unchanged'
}

/** What agents read at the top of a repository: most of them the first, Claude Code the second. */
const [AGENTS, CLAUDE] = ['AGENTS.md', 'CLAUDE.md']

/** The block's bytes as latin1, as files are read: what is no UTF-8 in them stays as it is. */
const BLOCK = Buffer.from(AGENTS_BLOCK, 'utf8').toString('latin1')

/** A file to write, with its text. */
interface Draft {
  readonly path: string
  /** Where a link leads. */
  readonly real: string
  readonly exists: boolean
  readonly marked: Exclude<Marked, { outcome: 'unclear' }>
}

/**
 * Puts the block for agents into the files that are there: AGENTS.md, and CLAUDE.md unless it leads to the
 * other, as a link or by `@AGENTS.md`. Where there is neither, AGENTS.md is made. Nothing is written unless
 * all can be. Throws DW_EXISTS where it cannot be told what to replace, or a link leads out of the worktree,
 * DW_READONLY, DW_NOT_A_REPO without a worktree.
 */
export async function writeAgentsBlock(workspace: Workspace): Promise<WrittenFile[]> {
  const { toplevel } = workspace.repository
  if (toplevel === null) {
    throw new DwError('DW_NOT_A_REPO', 'there is no worktree here to write to', {
      hints: ['print it, and put it where it belongs: git dw agents'],
    })
  }
  const drafts = await Promise.all((await filesFor(toplevel)).map((path) => draft(toplevel, path)))
  const written: WrittenFile[] = []
  for (const { path, real, exists, marked } of drafts) {
    if (marked.outcome !== 'unchanged') await replace(real, marked.text, exists)
    written.push({ path, outcome: exists ? marked.outcome : 'created' })
  }
  return written
}

async function filesFor(top: string): Promise<string[]> {
  const [agents, claude] = [await textOf(join(top, AGENTS)), await textOf(join(top, CLAUDE))]
  if (claude === null) return [AGENTS]
  if (agents === null) return [CLAUDE]
  const linked = (await realpath(join(top, AGENTS))) === (await realpath(join(top, CLAUDE)))
  return linked || /^@(?:\.\/)?AGENTS\.md\s*$/m.test(claude) ? [AGENTS] : [AGENTS, CLAUDE]
}

async function draft(top: string, path: string): Promise<Draft> {
  const file = join(top, path)
  const text = await textOf(file)
  const real = text === null ? file : await realpath(file)
  if (relative(await realpath(top), real).split(sep)[0] === '..') {
    throw inTheWay(path, `it is a link to "${real}", outside this worktree`)
  }
  const marked = withAgentsBlock(text ?? '', BLOCK)
  if (marked.outcome === 'unclear') throw inTheWay(path, marked.problem)
  return { path, real, exists: text !== null, marked }
}

function inTheWay(path: string, problem: string): DwError {
  return new DwError('DW_EXISTS', `"${path}" is left as it is: ${problem}`, {
    hints: ['put the block there yourself: git dw agents'],
    details: { path },
  })
}

/** A file's text; null when there is none. Throws DW_EXISTS for what cannot be read as one. */
async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'latin1')
  } catch (cause) {
    const { code, reason } = errnoReason(cause)
    // a link that leads nowhere is there all the same
    if (code === 'ENOENT' && (await lstat(file).catch(() => null)) === null) return null
    throw new DwError('DW_EXISTS', `"${file}" cannot be read: ${reason}`, {
      cause,
      hints: ['put it right, then try again: git dw agents --write'],
      details: { path: file },
    })
  }
}

/** Replaces a file in one step, with the permissions that it has. */
async function replace(file: string, text: string, exists: boolean): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`
  try {
    const mode = exists ? (await stat(file)).mode & 0o777 : 0o666
    await writeFile(temporary, text, { encoding: 'latin1', mode, flag: 'wx' })
    await rename(temporary, file)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw new DwError('DW_READONLY', `"${file}" cannot be written: ${errnoReason(cause).reason}`, {
      cause,
      hints: ['see who may write there: ls -ld .', 'or print it: git dw agents'],
    })
  }
}
