import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { PROGRAMS, type Sandbox } from '../test/harness/sandbox.ts'

/** One thing that is measured. */
export interface Case {
  readonly name: string
  /** Does it once, for this round; nothing of it is left to do when it returns. */
  readonly run: (round: number) => void
  /** The arguments with which its git processes are counted; undefined for what is not git dw. */
  readonly counted?: (round: number) => readonly string[]
}

export const BARE_NODE = 'bare `node -e 0`'
export const BARE_LAUNCHER = '`git-dw --version`'
export const RAW_WRITE = 'raw `git hash-object -w` + `git update-ref`'
export const RAW_WORKTREE = 'raw `git worktree add`'
export const CLAIM = '`git dw claim <path>`'

const FSYNC = ['-c', 'core.fsync=loose-object,reference']
const LAUNCHER = join(PROGRAMS, 'git-dw')

/** The agent whose commands are measured. */
export const AGENT = 'bench'

/** All cases, in the order in which a round runs them: a release gives up what the claim before it took. */
export function cases(sandbox: Sandbox): readonly Case[] {
  const run = (program: string, args: readonly string[], input = ''): string => {
    const env = sandbox.env({ agent: AGENT })
    const result = spawnSync(program, args, { cwd: sandbox.repo, env, input, encoding: 'utf8' })
    if (result.status === 0) return result.stdout.trim()
    throw new Error(`${program} ${args.join(' ')}: ${result.stderr}`)
  }
  const dw = (name: string, args: (round: number) => readonly string[]): Case => ({
    name,
    run: (round) => void run('git', ['dw', ...args(round)]),
    counted: args,
  })
  const writeRaw = (round: number) => {
    const oid = run('git', [...FSYNC, 'hash-object', '-w', '--stdin'], `{"round":${round}}\n`)
    run('git', [...FSYNC, 'update-ref', `refs/bench/${round}`, oid, '0'.repeat(oid.length)])
  }
  const addRaw = (round: number) => {
    const path = join(sandbox.home, 'raw', String(round))
    run('git', ['worktree', 'add', '--quiet', '--no-track', '-b', `raw/${round}`, path, 'HEAD'])
  }
  return [
    { name: BARE_NODE, run: () => void run(process.execPath, ['-e', '0']) },
    {
      name: BARE_LAUNCHER,
      run: () => void run(LAUNCHER, ['--version']),
      counted: () => ['--version'],
    },
    { name: RAW_WRITE, run: writeRaw },
    dw(CLAIM, (round) => ['claim', `free/${round}`]),
    dw('`git dw heartbeat`, throttled', () => ['heartbeat']),
    dw('`git dw check <path>`', () => ['check', 'src/a.ts']),
    dw('`git dw status`', () => ['status']),
    dw('`git dw release <path>`', (round) => ['release', `free/${round}`]),
    { name: RAW_WORKTREE, run: addRaw },
    dw('`git dw claim --task <task>`, with worktree', (round) => ['claim', '--task', `task-${round}`]),
  ]
}
