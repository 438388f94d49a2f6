import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import type { ClaimAnswer } from '../domain/claim.ts'
import { durationOption } from '../domain/duration.ts'
import { DwError } from '../domain/error.ts'
import { formatKey, taskKey } from '../domain/key.ts'
import { printable } from '../domain/printable.ts'
import { shellWord } from '../domain/shell-word.ts'
import { claimKeys } from '../flows/claim.ts'
import { claimTask } from '../flows/claim-task.ts'
import { keysOf, showKey } from '../flows/path-key.ts'
import { defaultProject, type Workspace } from '../flows/workspace.ts'
import { claimJson } from '../report/claim-json.ts'
import { ADVISORY } from '../report/share-text.ts'

export class ClaimCommand extends RepositoryCommand {
  static override paths = [['claim']]

  static override forms = ['[<options>] --task <task>', '[<options>] <path>…']

  static override usage = Command.Usage({
    description: 'Claim a task, with a worktree of its own, or paths.',
    details: `
      With --task, claims the task, makes its worktree and branch, and prints the worktree's path. With
      paths, claims them, files or directories, all or none, and prints them. What another live session
      holds, above or below included, is refused: exit status 1, and the holder is named.

      A claim lasts while its session is heard from at least once per --ttl. What has expired can simply be
      claimed. What is live can be taken with --steal and a reason, which the old holder is told.
    `,
    examples: [
      ['Claim a task and go to its worktree', 'w=$(git dw claim --task fix-login) && cd "$w"'],
      ['Claim a directory', 'git dw claim src/api -m "new error format"'],
    ],
  })

  task = Option.String('--task', { description: 'The task to claim.' })
  project = Option.String('--project', { description: 'The project of the task; by default the repository.' })
  base = Option.String('--base', { description: 'Start a new branch at this commit (dw.base).' })
  branch = Option.String('--branch', { description: 'Use this branch, new or existing (dw.branch).' })
  adopt = Option.Boolean('--adopt', false, {
    description: 'Go on in a worktree of the branch that is there.',
  })
  noWorktree = Option.Boolean('--no-worktree', false, { description: 'Claim the task alone.' })
  ttl = Option.String('--ttl', {
    description: 'Silence after which the claim expires, like 2h (dw.lockTtl).',
  })
  why = Option.String('-m,--message', { description: 'Why; others see it.' })
  steal = Option.Boolean('--steal', false, { description: 'Take what another live session holds; wants -m.' })
  offline = Option.Boolean('--offline', false, {
    description: 'Take a provisional lock, which the remote may refuse at the next sync.',
  })
  keys = Option.Rest({ name: 'path' })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    this.#refuseNonsense()
    const terms = {
      claim: `CLAIM-${workspace.around.randomWord()}`,
      ...(this.ttl === undefined ? {} : { ttl: durationOption('--ttl', this.ttl) }),
      ...(this.why === undefined ? {} : { why: this.why }),
      // without a remote that decides, every lock is one for good
      ...(this.offline && workspace.shared !== null ? { provisional: true } : {}),
    }
    const request = { ...this.session, steal: this.steal, terms, stealing: this.#stealing() }
    const answer = await (this.task === undefined
      ? this.#claimPaths(workspace, request)
      : this.#claimTask(workspace, this.task, request))
    this.#narrate(workspace, answer)
    return { text: this.#text(workspace, answer), json: claimJson(answer) }
  }

  async #claimPaths(workspace: Workspace, request: Request): Promise<ClaimAnswer> {
    const keys = await keysOf(workspace, this.keys)
    const project = keys.find(({ kind }) => kind === 'project')
    if (project !== undefined) {
      throw new DwError('DW_USAGE', `"${formatKey(project)}": whole projects cannot be claimed yet`, {
        hints: ['claim its directory'],
      })
    }
    return claimKeys(workspace, { ...request, keys, canStamp: false })
  }

  async #claimTask(workspace: Workspace, task: string, request: Request): Promise<ClaimAnswer> {
    const key = taskKey(this.project ?? defaultProject(workspace), task)
    if (this.noWorktree) return claimKeys(workspace, { ...request, keys: [key], canStamp: false })
    const { base, branch, adopt } = this
    const worktree = {
      adopt,
      ...(base === undefined ? {} : { base }),
      ...(branch === undefined ? {} : { branch }),
    }
    return claimTask(workspace, { ...request, task: key, worktree })
  }

  #refuseNonsense(): void {
    const wrong = (message: string) => new DwError('DW_USAGE', message, { hints: ['see: git dw claim -h'] })
    if (this.task === undefined && this.keys.length === 0) throw wrong('claim what? Name a --task or paths')
    if (this.task !== undefined && this.keys.length > 0)
      throw wrong('claim a task or paths, not both at once')
    if (this.why !== undefined && this.why.length > 1000) throw wrong('-m takes at most 1,000 characters')
    if (this.steal && this.offline) throw wrong('--steal is decided at the remote, not --offline')
    if (this.steal && !this.why?.trim()) throw wrong('--steal wants a reason for the old holder: -m "<why>"')
    const worktreeOptions = [this.base, this.branch, this.adopt || undefined, this.noWorktree || undefined]
    const forTasks = [...worktreeOptions, this.project].some((option) => option !== undefined)
    if (this.task === undefined && forTasks) {
      throw wrong('--project, --base, --branch, --adopt and --no-worktree go with --task')
    }
    if (this.noWorktree && worktreeOptions.slice(0, 3).some((option) => option !== undefined)) {
      throw wrong('--no-worktree makes no use of --base, --branch or --adopt')
    }
  }

  #narrate(workspace: Workspace, answer: ClaimAnswer): void {
    const { say } = workspace.around
    if (workspace.isAdvisory) say(ADVISORY)
    if (answer.before === null) say(`started ${answer.session.id}`)
    for (const { key, already, lock } of answer.keys) {
      if (already) say(`"${printable(showKey(workspace, key))}" is yours already`)
      else if (lock.provisional) {
        say(
          `"${printable(showKey(workspace, key))}" is provisional until the next sync: the remote may say no`,
        )
      }
    }
  }

  #text(workspace: Workspace, answer: ClaimAnswer): string {
    if (answer.worktree !== undefined) return `${answer.worktree.path}\n`
    return answer.keys.map(({ key }) => `${printable(showKey(workspace, key))}\n`).join('')
  }

  /** The command as it was given, made to steal: for the hint of a refusal. */
  #stealing(): string {
    const words = this.context.words.filter((word) => word !== '--json').map(shellWord)
    return `git dw ${words.join(' ')} --steal${this.why === undefined ? ' -m "<why>"' : ''}`
  }
}

type Request = Omit<Parameters<typeof claimKeys>[1], 'keys' | 'canStamp'>
