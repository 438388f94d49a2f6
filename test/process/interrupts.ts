import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawn } from '@lydell/node-pty'
import type { Outcome, RunOptions, Sandbox } from '../harness/sandbox.ts'
import { LAUNCHER } from './counted-git.ts'

/** When a claim is interrupted: around the git processes whose arguments contain `call`. */
export interface Moment {
  readonly call: string
  readonly when: 'before' | 'after' | 'instead'
  /** What the shell does in place of such a process that ends with the signal, where `when` is `instead`. */
  readonly script?: string
  /** Again around each such process, not just the first. */
  readonly repeated?: boolean
}

/** Runs the launcher with a stand-in for git that sends SIGINT to it at `moment`. Throws where that never came. */
export async function interruptedAt(
  sandbox: Sandbox,
  args: readonly string[],
  moment: Moment,
  options: RunOptions = {},
): Promise<Outcome> {
  const directory = mkdtempSync(join(sandbox.root, 'interrupting-'))
  const path = sandbox.env()['PATH'] ?? ''
  const git = execFileSync('sh', ['-c', 'command -v git'], { env: { PATH: path }, encoding: 'utf8' }).trim()
  const once = moment.repeated ? ':' : `mkdir '${directory}/done' 2>/dev/null`
  // a runtime may hear of a child's end before it hears of a signal that was sent earlier
  const interrupt = `${once} && kill -INT "$PPID" && sleep 0.3`
  const run = {
    before: `${interrupt}\n  exec '${git}' "$@"`,
    after: `'${git}' "$@"\n  status=$?\n  ${interrupt}\n  exit $status`,
    instead: `${moment.script}\n  ${interrupt}\n  kill -INT $$`,
  }[moment.when]
  const script = `#!/bin/sh\ncase " $* " in *" ${moment.call} "*)\n  ${run}\nesac\nexec '${git}' "$@"\n`
  writeFileSync(join(directory, 'git'), script)
  chmodSync(join(directory, 'git'), 0o755)
  const env = { ...options.env, PATH: `${directory}:${path}` }
  const outcome = await sandbox.run(LAUNCHER, args, { ...options, env })
  if (!moment.repeated && !existsSync(join(directory, 'done'))) {
    throw new Error(`no git process of ${args.join(' ')} was ${moment.call}: ${outcome.stderr}`)
  }
  return outcome
}

/** How a command on a terminal ended. */
export interface TerminalOutcome {
  /** As a shell sees it: 128 plus the number of the signal that ended it. */
  readonly status: number
  readonly stdout: string
  /** What else it printed. */
  readonly screen: string
}

/** Runs `git dw <args>` on a terminal and types Ctrl-C after `time` milliseconds, or once that has come to pass. */
export async function interruptedOnTerminal(
  sandbox: Sandbox,
  args: readonly string[],
  time: number | Promise<void>,
  options: RunOptions = {},
): Promise<TerminalOutcome> {
  const answer = join(mkdtempSync(join(sandbox.root, 'answer-')), 'stdout')
  const terminal = spawn('sh', ['-c', 'exec git dw "$@" >"$0"', answer, ...args], {
    cwd: options.cwd ?? sandbox.repo,
    env: sandbox.env(options),
    cols: 200,
  })
  let screen = ''
  terminal.onData((text) => {
    screen += text
  })
  const interrupt = () => terminal.write('\u0003')
  const timer = typeof time === 'number' ? setTimeout(interrupt, time) : undefined
  if (typeof time !== 'number') void time.then(interrupt)
  const { exitCode, signal } = await new Promise<{ exitCode: number; signal?: number }>((resolve) => {
    terminal.onExit(resolve)
  })
  clearTimeout(timer)
  const stdout = existsSync(answer) ? readFileSync(answer, 'utf8') : ''
  return { status: signal ? 128 + signal : exitCode, stdout, screen }
}

/** What claims leave in a repository: locks, live sessions, branches, worktrees, and their directories. */
export async function leftovers(sandbox: Sandbox): Promise<string[]> {
  const listing = await sandbox.git(['for-each-ref', '--format=%(refname)', 'refs/dw', 'refs/heads'])
  const refs = listing.split('\n').filter((ref) => /^refs\/(?:dw\/(?:locks|active)|heads)\//.test(ref))
  const worktrees = await sandbox.git(['worktree', 'list', '--porcelain'])
  const places = [join(sandbox.home, 'worktrees/repo'), join(sandbox.repo, '.git/worktrees')]
  const directories = places.flatMap((place) =>
    existsSync(place) ? readdirSync(place).map((name) => join(place, name)) : [],
  )
  return [...refs, ...worktrees.split('\n').filter((line) => line.startsWith('worktree ')), ...directories]
}
