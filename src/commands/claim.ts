import { Command, Option } from 'clipanion'
import { ClaimingCommand } from '../cli/claiming-command.ts'
import type { Answer } from '../cli/command.ts'
import type { ClaimAnswer } from '../domain/claim.ts'
import { parseDuration } from '../domain/duration.ts'
import { DwError } from '../domain/error.ts'
import { dropCovered, type Key, projectKey, taskKey } from '../domain/key.ts'
import { printable } from '../domain/printable.ts'
import { shellWord } from '../domain/shell-word.ts'
import { claimKeys } from '../flows/claim.ts'
import { claimRefs } from '../flows/claim-keys.ts'
import type { TaskClaim } from '../flows/claim-task.ts'
import type { FirstRead } from '../flows/early-refs.ts'
import { keysOf, plainKeys } from '../flows/named-keys.ts'
import { showKey } from '../flows/path-key.ts'
import { directoryRefs, withDirectories } from '../flows/project-lock.ts'
import { projectName, projectOfTask, taskProjectRefs } from '../flows/projects.ts'
import type { Workspace } from '../flows/workspace.ts'
import { claimJson } from '../report/claim-json.ts'
import { ADVISORY } from '../report/share-text.ts'

export class ClaimCommand extends ClaimingCommand {
  static override paths = [['claim']]

  static override forms = [
    '[<options>] --task <task>',
    '[<options>] --project <project>',
    '[<options>] <path>…',
  ]

  static override usage = Command.Usage({
    description: 'Claim a task, with a worktree of its own, paths, or a whole project.',
    details: `
      With --task, claims the task, makes its worktree and branch, and prints the worktree's path. With
      paths, claims them, files or directories, all or none, and prints them. With --project alone, claims
      all tasks of the project and its directory. What another live session holds, above or below included,
      is refused: exit status 1, and the holder is named.

      The project of a task is the deepest registered one that the current directory is in, else the
      default. Its branch and where that starts: --branch and --base, else what the project was registered
      with, else dw.branch and dw.base.

      A new worktree gets copies of the ignored files that .worktreeinclude in the main worktree lists, its
      submodules, and then runs each dw.postCreate in a shell, with DW_SESSION, DW_WORKTREE, DW_TASK,
      DW_PROJECT, DW_BRANCH and DW_BASE set. When that does not succeed, the path is printed and the task is
      yours, the exit status is 1, and the same claim runs it again.

      A task whose result is "passed" and whose branch is not merged yet is refused (DW_FINISHED), unless
      --again says otherwise. Any other result is only told.

      A claim lasts while its session is heard from at least once per --ttl. What has expired can simply be
      claimed. What is live can be taken with --steal and a reason, which the old holder is told.

      A pathspec with magic, such as ":(glob)src/**/*.ts" or ":!docs", stands for the tracked files that it
      fits, 1,000 at most.

      With --wait, what is held is waited for: for 10 minutes, or as long as --wait=<duration> says, with the
      equals sign. Nothing is taken before all of it is free. Whoever came first gets it first, but a claim
      without --wait takes what is free at once. Exit status 75 when it was in vain. Two sessions that wait
      for each other's keys both end so: claim all that you need in one command.
    `,
    examples: [
      ['Claim a task and go to its worktree', 'w=$(git dw claim --task fix-login) && cd "$w"'],
      ['Claim a directory', 'git dw claim src/api -m "new error format"'],
      ['Claim the tests of a directory', "git dw claim ':(glob)src/**/*.test.ts'"],
      ['Wait until both are free, an hour at most', 'git dw claim src/api docs/api.md --wait=1h'],
    ],
  })

  override project = Option.String('--project', {
    description: 'The project of the task, or the project to claim; by default that of this directory.',
  })
  again = Option.Boolean('--again', false, {
    description: 'Claim a task that has passed and is not merged yet.',
  })
  noWorktree = Option.Boolean('--no-worktree', false, { description: 'Claim the task alone.' })
  steal = Option.Boolean('--steal', false, { description: 'Take what another live session holds; wants -m.' })
  offline = Option.Boolean('--offline', false, {
    description: 'Take a provisional lock, which the remote may refuse at the next sync.',
  })
  keys = Option.Rest({ name: 'path' })

  override get firstRead(): FirstRead | undefined {
    // a steal is decided by what the arbiter has, once it was asked
    if (this.steal) return undefined
    return async ({ claimants, place }) => {
      const { task, project } = this
      if (task !== undefined && (project === undefined || !this.noWorktree)) {
        return { refs: taskProjectRefs(project) }
      }
      const keys = project === undefined ? await plainKeys(place, this.keys) : [this.#option(project)]
      if (keys === null) return null
      const directories = directoryRefs(keys)
      if (directories.length > 0) return { refs: directories }
      return { refs: claimRefs(claimants, dropCovered(keys), project === undefined ? {} : { project }) }
    }
  }

  /** The key that the options name, where `project` is the one that they mean. */
  #option(project: string): Key {
    return this.task === undefined ? projectKey(project) : taskKey(project, this.task)
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    this.#refuseNonsense()
    const terms = {
      ...this.terms,
      // without a remote that decides, every lock is one for good
      ...(this.offline && workspace.shared !== null ? { provisional: true } : {}),
    }
    const request = {
      ...this.session,
      steal: this.steal,
      terms,
      stealing: this.#stealing(),
      ...(this.again ? {} : { unlessFinished: this.#given(['--json'], ['--again']) }),
    }
    const { answer, problem } = await (this.task === undefined
      ? this.#claimKeys(workspace, request)
      : this.#claimTask(workspace, this.task, request))
    this.#narrate(workspace, answer)
    const told = { text: this.#text(workspace, answer), json: claimJson(answer) }
    if (problem === undefined) return told
    // the claim stands, and where its worktree is is told all the same
    this.context.streams.answer(told)
    throw problem
  }

  /** Paths, keys as they are printed, or a project. */
  async #claimKeys(workspace: Workspace, request: Request): Promise<TaskClaim> {
    const { project } = this
    const named = project === undefined ? await keysOf(workspace, this.keys) : [this.#option(project)]
    const { keys, pairs } = await withDirectories(workspace, named)
    const whole = { ...request, keys, terms: { ...request.terms, pairs }, ...(project && { project }) }
    const claim = () => claimKeys(workspace, { ...whole, canStamp: false })
    return { answer: await this.#waiting(workspace, keys, claim) }
  }

  async #claimTask(workspace: Workspace, task: string, request: Request): Promise<TaskClaim> {
    if (this.noWorktree) {
      const project = await projectName(workspace, this.project)
      const key = this.#option(project)
      const alone = { ...request, keys: [key], canStamp: false, project }
      return { answer: await this.#waiting(workspace, [key], () => claimKeys(workspace, alone)) }
    }
    const { name, record } = await projectOfTask(workspace, this.project)
    const key = taskKey(name, task)
    const worktree = this.worktreeOptions(record)
    // it needs all of the worktrees' modules
    const { claimTask } = await import('../flows/claim-task.ts')
    const claim = () => claimTask(workspace, { ...request, task: key, worktree, project: name })
    return this.#waiting(workspace, [key], claim)
  }

  /** The claim, repeated until what is held is free where `--wait` says so. */
  async #waiting<T>(workspace: Workspace, keys: readonly Key[], attempt: () => Promise<T>): Promise<T> {
    const limit = this.waitLimit
    if (limit === undefined) return attempt()
    const { claimWaiting } = await import('../flows/claim-waiting.ts')
    return claimWaiting(workspace, { ...this.session, keys, limit, again: this.#again() }, attempt)
  }

  #refuseNonsense(): void {
    const wrong = (message: string) => new DwError('DW_USAGE', message, { hints: ['see: git dw claim -h'] })
    this.#refuseSpacedWait()
    const isWaiting = this.waitLimit !== undefined
    const { task, project, keys } = this
    if (task === undefined && project === undefined && keys.length === 0) {
      throw wrong('claim what? Name a --task, a --project or paths')
    }
    if (task !== undefined && keys.length > 0) throw wrong('claim a task or paths, not both at once')
    if (task === undefined && project !== undefined && keys.length > 0) {
      throw wrong('claim a --project or paths; a project among paths is written project:<project>')
    }
    this.refuseLongReason(wrong)
    if (isWaiting && this.steal) throw wrong('--steal does not wait: leave out --wait')
    if (this.steal && this.offline) throw wrong('--steal is decided at the remote, not --offline')
    if (this.steal && !this.why?.trim()) throw wrong('--steal wants a reason for the old holder: -m "<why>"')
    const worktreeOptions = [this.base, this.branch, this.adopt || undefined, this.noWorktree || undefined]
    if (task === undefined && worktreeOptions.some((option) => option !== undefined)) {
      throw wrong('--base, --branch, --adopt and --no-worktree go with --task')
    }
    if (task === undefined && this.again && !keys.some((key) => key.startsWith('task:'))) {
      throw wrong('--again goes with a task')
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

  /** `--wait 5m`: the duration would be taken for a path, and nobody who means a path writes it there. */
  #refuseSpacedWait(): void {
    const { words } = this.context
    const next = words[words.indexOf('--wait') + 1]
    const options = words.slice(0, words.includes('--') ? words.indexOf('--') : words.length)
    if (!options.includes('--wait') || next === undefined || parseDuration(next) === null) return
    throw new DwError('DW_USAGE', `"--wait ${next}": a duration follows --wait after an equals sign`, {
      hints: [`write --wait=${next}`, `if you mean a path, write ./${next}`],
    })
  }

  /** The command as it was given: for the hint at the end of a wait. */
  #again(): string {
    return this.#given(['--json'], [])
  }

  /** The command as it was given, made to steal: for the hint of a refusal. */
  #stealing(): string {
    const more = ['--steal', ...(this.why === undefined ? ['-m "<why>"'] : [])]
    return this.#given(['--json', '--wait'], more)
  }

  /** The command as it was given, without the options `left` and with `more`, which stand before a `--`. */
  #given(left: readonly string[], more: readonly string[]): string {
    const { words } = this.context
    const end = words.includes('--') ? words.indexOf('--') : words.length
    const isLeft = (word: string) => left.some((each) => word === each || word.startsWith(`${each}=`))
    const options = words.slice(0, end).filter((word) => !isLeft(word))
    return ['git dw', ...options.map(shellWord), ...more, ...words.slice(end).map(shellWord)].join(' ')
  }
}

type Request = Omit<Parameters<typeof claimKeys>[1], 'keys' | 'canStamp'>
