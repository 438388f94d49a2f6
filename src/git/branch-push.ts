import { readFile, rm } from 'node:fs/promises'
import type { Git, GitResult } from './exec.ts'

/** One ref that `git push` would move, as its dry run says; old and new are whole object ids or null. */
export interface BranchMove {
  readonly flag: string
  readonly from: string
  readonly to: string
}

export interface DryPush {
  readonly refspecs: readonly string[]
  readonly options: readonly string[]
  /** Whether git may ask the person at the terminal. */
  readonly asks: boolean
  /** A short-lived file in which git notes what it did. */
  readonly trace: string
  /** Aborted when the user interrupts: then git is ended. */
  readonly signal: AbortSignal
}

/** `isAway`: git had begun to speak to the remote, and died of it. */
export interface DryPushed {
  readonly moves: readonly BranchMove[]
  readonly result: GitResult
  readonly isAway: boolean
}

/**
 * What `git push` would do with these arguments by the user's own settings, its pre-push hooks included
 * (design §7, git dw push 1). Tags, submodules and mirrors do not come along unless they are asked for.
 */
export async function dryPush(git: Git, remote: string, args: DryPush): Promise<DryPushed> {
  const call = [
    '-c',
    'core.abbrev=no',
    '-c',
    'push.pushOption=',
    '-c',
    `remote.${remote}.mirror=false`,
    'push',
  ]
  const flags = ['--dry-run', '--porcelain', '--no-signed', '--no-follow-tags', '--recurse-submodules=no']
  const result = await git.run([...call, ...flags, ...args.options, '--', remote, ...args.refspecs], {
    foreground: true,
    hurry: { signal: args.signal, left: 0 },
    asks: args.asks,
    variables: { GIT_TRACE2_EVENT: args.trace },
  })
  const noted = await readFile(args.trace, 'utf8').catch(() => '')
  await rm(args.trace, { force: true }).catch(() => undefined)
  const moves = result.stdout
    .toString('utf8')
    .split('\n')
    .flatMap((line): BranchMove[] => {
      const match = /^([ +\-*=!])\t(.*):([^:\t]+)\t/.exec(line)
      return match ? [{ flag: match[1] ?? '', from: match[2] ?? '', to: match[3] ?? '' }] : []
    })
  // what git refuses itself, or a hook, ends with 1 (m)
  const isAway = result.status === FATAL && moves.length === 0 && SPEAKING.test(noted)
  return { moves, result, isAway }
}

/** How git ends that dies, and how it notes that it starts a program which speaks to a remote (trace2 api). */
const FATAL = 128
const SPEAKING = /"child_class":"(?:transport\/|remote-)/

/** The current branch's short name; null when HEAD is detached. */
export async function currentBranch(git: Git): Promise<string | null> {
  const result = await git.run(['symbolic-ref', '--quiet', '--short', 'HEAD'])
  return result.status === 0 ? result.stdout.toString('utf8').trim() : null
}

/** How long the commits of a push may take to be looked through, in milliseconds. */
const LONG = 120_000

/**
 * The paths that commits touch: those reachable from `tips` and neither from `known` nor from what is known
 * of `remote`. Both names of a rename; of a merge, what it changed itself (design §10).
 */
export async function touchedPaths(
  git: Git,
  tips: readonly string[],
  known: readonly string[],
  remote: string,
): Promise<string[]> {
  if (tips.length === 0) return []
  const not = ['--not', ...known, `--remotes=${remote}`]
  const commits = await git.output(['rev-list', ...tips, ...not, '--'], { timeout: LONG })
  const flags = ['-r', '-c', '--root', '--no-renames', '--no-commit-id', '--name-only', '-z']
  const output = await git.output(['diff-tree', '--stdin', ...flags], { input: commits, timeout: LONG })
  const paths = output.toString('utf8').split('\0')
  return [...new Set(paths.filter((path) => path !== ''))]
}
