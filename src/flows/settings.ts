import { parseDuration } from '../domain/duration.ts'
import { DwError } from '../domain/error.ts'
import { nameProblem } from '../domain/name.ts'
import { type Config, readConfig } from '../git/config.ts'
import type { Git } from '../git/exec.ts'

/** Other ways in which git writes true and false. */
const BOOLEANS: Readonly<Record<string, string>> = {
  yes: 'true',
  on: 'true',
  '1': 'true',
  no: 'false',
  '0': 'false',
}

/** The `dw.*` settings of the user's git configuration, with their defaults. */
export class Settings {
  readonly #config: Config

  constructor(config: Config) {
    this.#config = config
  }

  /** `dw.heartbeatInterval`, in seconds. */
  get heartbeatInterval(): number {
    return this.#duration('dw.heartbeatInterval', 15 * 60)
  }

  /** `dw.sessionTtl`, in seconds. */
  get sessionTtl(): number {
    return this.#duration('dw.sessionTtl', 86_400)
  }

  /** `dw.lockTtl`, in seconds. */
  get lockTtl(): number {
    return this.#duration('dw.lockTtl', 7200)
  }

  /** `dw.worktreePath`: a template with `{project}` and `{task}`. */
  get worktreePath(): string {
    return this.#text('dw.worktreePath') ?? '~/worktrees/{project}/{task}'
  }

  /** `dw.branch`: a template with `{project}` and `{task}`. */
  get branch(): string {
    return this.#text('dw.branch') ?? 'feature/{task}'
  }

  /** `dw.base`: what new branches start at; undefined for the remote's HEAD. */
  get base(): string | undefined {
    return this.#text('dw.base')
  }

  /** `dw.project`: the default project's name. */
  get project(): string | undefined {
    const name = this.#text('dw.project')
    const problem = name === undefined ? null : nameProblem(name)
    if (problem !== null)
      throw this.#bad(
        'dw.project',
        `names no project: it ${problem}`,
        'set another: git config dw.project <name>',
      )
    return name
  }

  /** These settings as they are now. */
  async reread(git: Git): Promise<Settings> {
    return new Settings(await readConfig(git))
  }

  /** `color.dw`, else `color.ui`. */
  get colour(): 'always' | 'never' | 'auto' {
    const wish = this.#text('color.dw') ?? this.#text('color.ui')
    if (wish === 'always') return 'always'
    return wish === 'never' || wish === 'false' ? 'never' : 'auto'
  }

  /** The last value of any setting of git's; undefined when it is empty or not set. */
  valueOf(name: string): string | undefined {
    return this.#text(name)
  }

  /** `dw.hooks`: whether the hooks do anything. */
  get hooks(): boolean {
    return this.#choice('dw.hooks', 'true', ['true', 'false', 'off']) === 'true'
  }

  /** `dw.preCommit`: what a commit of paths that others hold comes to. */
  get preCommit(): 'off' | 'warn' | 'deny' {
    return this.#choice('dw.preCommit', 'off', ['off', 'warn', 'deny'])
  }

  /** `dw.prePushOffline`: what a push comes to that could not be checked to the end. */
  get prePushOffline(): 'warn' | 'deny' {
    return this.#choice('dw.prePushOffline', 'warn', ['warn', 'deny'])
  }

  /** `dw.prePushFresh`, in seconds: how old the last look at the arbiter may be. */
  get prePushFresh(): number {
    return this.#duration('dw.prePushFresh', 30)
  }

  /** `dw.hookTimeout`, in seconds: how long a hook waits for the arbiter. */
  get hookTimeout(): number {
    return this.#duration('dw.hookTimeout', 5)
  }

  /** The ref globs that `remote` is fetched into. */
  fetchedInto(remote: string): string[] {
    return this.#config
      .all(`remote.${remote}.fetch`)
      .flatMap(({ value }) => /^\+?refs\/[^:]*:(refs\/.+)$/.exec(value)?.[1] ?? [])
  }

  /** The remotes that are at `url`. */
  remotesAt(url: string): string[] {
    return this.#config.names('remote.').flatMap((name) => {
      const remote = /^remote\.(.+)\.(?:push)?url$/.exec(name)?.[1]
      return remote !== undefined && this.#config.all(name).some(({ value }) => value === url) ? [remote] : []
    })
  }

  /** The remote to start from: `dw.remote`, else `origin`, else the only one. */
  get remote(): string | undefined {
    const named = this.#text('dw.remote')
    if (named !== undefined) return named
    const remotes = this.#config
      .names('remote.')
      .flatMap((name) => /^remote\.(.+)\.url$/.exec(name)?.[1] ?? [])
    return remotes.includes('origin') ? 'origin' : remotes.length === 1 ? remotes[0] : undefined
  }

  /** The URL of `remote`. */
  remoteUrl(remote: string): string | undefined {
    return this.#config.get(`remote.${remote}.url`)?.value
  }

  /** `DW_CONFIG` for a template that names an unknown placeholder. */
  badTemplate(name: 'dw.worktreePath' | 'dw.branch', placeholder: string): DwError {
    return this.#bad(name, `has the unknown placeholder "${placeholder}"`, 'use {project} and {task}')
  }

  #choice<T extends string>(name: string, otherwise: T, choices: readonly T[]): T {
    const text = this.#text(name)
    if (text === undefined) return otherwise
    const wanted = BOOLEANS[text.toLowerCase()] ?? text.toLowerCase()
    const chosen = choices.find((choice) => choice === wanted)
    if (chosen === undefined)
      throw this.#bad(name, 'is none of its values', `set one of: ${choices.join(', ')}`)
    return chosen
  }

  #text(name: string): string | undefined {
    const value = this.#config.get(name.toLowerCase())?.value
    return value === '' ? undefined : value
  }

  #duration(name: string, otherwise: number): number {
    const text = this.#text(name)
    if (text === undefined) return otherwise
    const seconds = parseDuration(text)
    if (seconds === null) throw this.#bad(name, 'is no duration', 'write it like 90s, 15m, 2h or 1d')
    return seconds
  }

  #bad(name: string, problem: string, ...hints: string[]): DwError {
    const setting = this.#config.get(name.toLowerCase())
    const origin = setting?.origin ?? 'its default'
    return new DwError('DW_CONFIG', `${name} "${setting?.value ?? ''}" ${problem} (set in ${origin})`, {
      hints,
      details: { setting: name, value: setting?.value, origin },
    })
  }
}
