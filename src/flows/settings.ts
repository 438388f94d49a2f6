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

/** The settings that are durations, with their defaults in seconds. */
const DURATIONS = {
  'dw.heartbeatInterval': 15 * 60,
  'dw.sessionTtl': 86_400,
  'dw.lockTtl': 7200,
  'dw.remoteTimeout': 30,
  'dw.prePushFresh': 30,
  'dw.hookTimeout': 5,
  'dw.retention': 30 * 86_400,
  'dw.runGrace': 10,
} as const

/** A refspec of a remote, or whether it is a mirror, and where that is set. */
export interface Refspec {
  readonly remote: string
  readonly kind: 'fetch' | 'push' | 'mirror'
  readonly value: string
  readonly origin: string
}

/** The `dw.*` settings of the user's git configuration, with their defaults. */
export class Settings {
  readonly #config: Config

  constructor(config: Config) {
    this.#config = config
  }

  /** `dw.heartbeatInterval`, in seconds. */
  get heartbeatInterval(): number {
    return this.#duration('dw.heartbeatInterval', DURATIONS['dw.heartbeatInterval'])
  }

  /** `dw.sessionTtl`, in seconds. */
  get sessionTtl(): number {
    return this.#duration('dw.sessionTtl', DURATIONS['dw.sessionTtl'])
  }

  /** `dw.lockTtl`, in seconds. */
  get lockTtl(): number {
    return this.#duration('dw.lockTtl', DURATIONS['dw.lockTtl'])
  }

  /** `dw.retention`: how long what has ended is kept, in seconds. */
  get retention(): number {
    return this.#duration('dw.retention', DURATIONS['dw.retention'])
  }

  /** `dw.runGrace`: from SIGTERM to SIGKILL for a command whose lock is lost, in seconds. */
  get runGrace(): number {
    return this.#duration('dw.runGrace', DURATIONS['dw.runGrace'])
  }

  /** Refuses durations that are none, before anything is changed. Throws DW_CONFIG. */
  checkDurations(): void {
    for (const [name, otherwise] of Object.entries(DURATIONS)) this.#duration(name, otherwise)
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

  /** `dw.postCreate`: the user's own shell commands for a new worktree, in order. */
  get postCreate(): readonly string[] {
    return this.#config.all('dw.postcreate')
  }

  /** `dw.submodules`: whether those of a new worktree are initialised. */
  get submodules(): boolean {
    return this.#flag('dw.submodules', true)
  }

  /** `dw.legacyState`: where an older dw kept its files; empty for nowhere, undefined for the usual places. */
  get legacyState(): string | undefined {
    return this.#config.get('dw.legacystate')?.value
  }

  /** `core.worktree`: where the main worktree is, when it is not beside its git directory. */
  get mainWorktree(): string | undefined {
    return this.#text('core.worktree')
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

  /** `dw.share`: whether `dw.remote` decides who holds what (design §7). */
  get shares(): boolean {
    return this.#flag('dw.share', false)
  }

  /** `dw.sharePaths`: whether worktree paths and the host's name may leave this machine. */
  get sharesPaths(): boolean {
    return this.#flag('dw.sharePaths', true)
  }

  /** `dw.backgroundSync`: whether a command may start a sync of its own that goes on after it. */
  get syncsInBackground(): boolean {
    return this.#flag('dw.backgroundSync', true)
  }

  /** `dw.remoteTimeout`: how long one call to the remote may take, in seconds. */
  get remoteTimeout(): number {
    return this.#duration('dw.remoteTimeout', DURATIONS['dw.remoteTimeout'])
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
    return this.#duration('dw.prePushFresh', DURATIONS['dw.prePushFresh'])
  }

  /** `dw.hookTimeout`, in seconds: how long a hook waits for the arbiter. */
  get hookTimeout(): number {
    return this.#duration('dw.hookTimeout', DURATIONS['dw.hookTimeout'])
  }

  /** The ref globs that `remote` is fetched into. */
  fetchedInto(remote: string): string[] {
    return this.#config
      .all(`remote.${remote}.fetch`)
      .flatMap((value) => /^\+?refs\/[^:]*:(refs\/.+)$/.exec(value)?.[1] ?? [])
  }

  /** The remotes that are at `url`. */
  remotesAt(url: string): string[] {
    return this.#config.names('remote.').flatMap((name) => {
      const remote = /^remote\.(.+)\.(?:push)?url$/.exec(name)?.[1]
      return remote !== undefined && this.#config.all(name).includes(url) ? [remote] : []
    })
  }

  /** The remote to start from: `dw.remote`, else `origin`, else the only one. */
  get remote(): string | undefined {
    const named = this.#text('dw.remote')
    return named ?? this.fallbackRemote
  }

  /** The remote that git falls back to: `origin`, else the only one. */
  get fallbackRemote(): string | undefined {
    const remotes = this.#config
      .names('remote.')
      .flatMap((name) => /^remote\.(.+)\.url$/.exec(name)?.[1] ?? [])
    return remotes.includes('origin') ? 'origin' : remotes.length === 1 ? remotes[0] : undefined
  }

  /** What the configuration of each remote says of refs that go without being named. */
  get refspecs(): readonly Refspec[] {
    return this.#config.names('remote.').flatMap((name) => {
      const [, remote, kind] = /^remote\.(.+)\.(fetch|push|mirror)$/.exec(name) ?? []
      if (remote === undefined) return []
      const values = this.#config.values(name)
      return values.map((each) => ({ ...each, remote, kind: kind as Refspec['kind'] }))
    })
  }

  /** The URL of `remote`. */
  remoteUrl(remote: string): string | undefined {
    return this.#config.get(`remote.${remote}.url`)?.value
  }

  /** The URL that git pushes to for `remote`; null when only git can tell, undefined for no such remote. */
  pushUrl(remote: string): string | null | undefined {
    const [first] = [
      ...this.#config.all(`remote.${remote}.pushurl`),
      ...this.#config.all(`remote.${remote}.url`),
    ]
    if (first === undefined) return undefined
    return this.#config.names('url.').length > 0 ? null : first
  }

  /** `DW_CONFIG` for a template that names an unknown placeholder. */
  badTemplate(name: 'dw.worktreePath' | 'dw.branch', placeholder: string): DwError {
    return this.#bad(name, `has the unknown placeholder "${placeholder}"`, 'use {project} and {task}')
  }

  /** `DW_CONFIG` for a path that starts at a home directory where there is none. */
  noHome(): DwError {
    return new DwError(
      'DW_CONFIG',
      `dw.worktreePath "${this.worktreePath}" needs a home directory, and there is none`,
      {
        hints: ['set HOME', 'or set another place: git config dw.worktreePath <template>'],
        details: { setting: 'dw.worktreePath', value: this.worktreePath },
      },
    )
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
    const value = this.#config.get(asPrinted(name))?.value
    return value === '' ? undefined : value
  }

  #flag(name: string, otherwise: boolean): boolean {
    const text = this.#text(name)?.toLowerCase()
    if (text === undefined) return otherwise
    if (['true', 'yes', 'on', '1'].includes(text)) return true
    if (['false', 'no', 'off', '0'].includes(text)) return false
    throw this.#bad(name, 'is neither true nor false', `set it: git config ${name} true`)
  }

  #duration(name: string, otherwise: number): number {
    const text = this.#text(name)
    if (text === undefined) return otherwise
    const seconds = parseDuration(text)
    if (seconds === null) throw this.#bad(name, 'is no duration', `set one: git config ${name} 15m`)
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

/** A setting's name as git prints it: what stands between its first and its last dot keeps its case. */
function asPrinted(name: string): string {
  const [first, last] = [name.indexOf('.'), name.lastIndexOf('.')]
  return name.slice(0, first).toLowerCase() + name.slice(first, last) + name.slice(last).toLowerCase()
}
