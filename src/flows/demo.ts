import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DwError } from '../domain/error.ts'
import { Git } from '../git/exec.ts'
import type { Surroundings } from './surroundings.ts'

/** One command of the demo with what it did, in the order in which it ended. */
export interface DemoStep {
  /** What is about to be shown, for a reader. */
  readonly title: string
  readonly agent: string
  readonly command: string
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

const AGENTS = ['anna', 'ben', 'cleo'] as const
type Agent = (typeof AGENTS)[number]

/**
 * Runs the main job with real `git dw` processes in a throw-away repository: three agents race for one
 * task, one of the losers takes a directory, the other is refused below it. Each step is given to `show`
 * as it ends. Leaves nothing behind. Throws DW_GIT when a step does not end as it must, so that the demo
 * is a check of the installation, too.
 */
export async function runDemo(around: Surroundings, show: (step: DemoStep) => void): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'git-dw-demo-')).catch((cause: unknown) => {
    throw new DwError(
      'DW_READONLY',
      `the demo needs a temporary directory, and "${tmpdir()}" cannot be written`,
      {
        cause,
        hints: ['name another: TMPDIR=<directory> git dw demo'],
      },
    )
  })
  try {
    await new Demo(around, root, show).run()
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

class Demo {
  readonly #around: Surroundings
  readonly #root: string
  readonly #show: (step: DemoStep) => void

  constructor(around: Surroundings, root: string, show: (step: DemoStep) => void) {
    this.#around = around
    this.#root = root
    this.#show = show
  }

  async run(): Promise<void> {
    const shop = join(this.#root, 'shop')
    await this.#makeRepository(shop)
    const race = await this.#raceForTask(shop)
    const [first, second] = AGENTS.filter((agent) => agent !== race.winner) as [Agent, Agent]
    await this.#step(
      'The winner has a worktree and a branch of its own',
      race.winner,
      ['worktree', 'list'],
      shop,
      0,
    )
    const why = ['-m', 'new error format']
    await this.#step('Another one takes a directory', first, ['dw', 'claim', 'src', ...why], shop, 0)
    const below = ['dw', 'claim', 'src/api.ts']
    await this.#step('What lies below it is held with it', second, below, shop, 1)
    await this.#step('Everyone sees who holds what', race.winner, ['dw', 'status'], race.worktree, 0)
    await this.#step('The task is done', race.winner, ['dw', 'end'], race.worktree, 0)
  }

  async #makeRepository(shop: string): Promise<void> {
    await mkdir(join(shop, 'src'), { recursive: true })
    await writeFile(join(shop, 'src', 'api.ts'), 'export {}\n')
    for (const args of [
      ['init', '--quiet'],
      ['add', '.'],
      ['commit', '--quiet', '-m', 'first'],
    ]) {
      await this.#git('anna', shop).output(args)
    }
  }

  async #raceForTask(shop: string): Promise<{ winner: Agent; worktree: string }> {
    const title = 'Three agents want one task, at the same moment'
    const args = ['dw', 'claim', '--task', 'fix-login']
    const results = await Promise.all(
      AGENTS.map(async (agent) => ({ agent, ...(await this.#git(agent, shop).run(args)) })),
    )
    for (const { agent, status, stdout, stderr } of results) {
      const output = { stdout: stdout.toString('utf8'), stderr: `${stderr}\n` }
      this.#show({ title, agent, command: commandLine(args), status, ...output })
    }
    const [won, ...more] = results.filter(({ status }) => status === 0)
    const refused = results.filter(({ status }) => status === 1)
    if (won === undefined || more.length > 0 || refused.length !== AGENTS.length - 1) {
      throw new DwError('DW_GIT', 'the race had no single winner')
    }
    return { winner: won.agent, worktree: won.stdout.toString('utf8').trim() }
  }

  async #step(title: string, agent: Agent, args: string[], cwd: string, expected: number): Promise<void> {
    this.#around.signal.throwIfAborted()
    const { status, stdout, stderr } = await this.#git(agent, cwd).run(args)
    const output = { stdout: stdout.toString('utf8'), stderr: stderr === '' ? '' : `${stderr}\n` }
    this.#show({ title, agent, command: commandLine(args), status, ...output })
    if (status === expected) return
    throw new DwError('DW_GIT', `"${commandLine(args)}" ended with ${status}, not with ${expected}`)
  }

  /** git in the throw-away repository: own home, own settings, this very `git dw`, and an agent's identity. */
  #git(agent: Agent, cwd: string): Git {
    const { env, programs } = this.#around
    const kept = Object.entries(env).filter(([name]) => !/^(?:GIT_|DW_|XDG_|TMUX)/.test(name))
    const own = {
      HOME: this.#root,
      PATH: `${programs}:${env['PATH'] ?? ''}`,
      LOGNAME: agent,
      CLAUDE_CODE_SESSION_ID: `demo-${agent}`,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: agent,
      GIT_AUTHOR_EMAIL: `${agent}@example.com`,
      GIT_COMMITTER_NAME: agent,
      GIT_COMMITTER_EMAIL: `${agent}@example.com`,
    }
    return new Git({ ...Object.fromEntries(kept), ...own }, cwd)
  }
}

function commandLine(args: readonly string[]): string {
  return ['git', ...args.map((arg) => (/\s/.test(arg) ? `"${arg}"` : arg))].join(' ')
}
