import { EXIT_STATUS } from '../domain/error.ts'
import type { Terms } from './roff.ts'

/** A `dw.*` setting. */
export interface Setting {
  readonly name: string
  /** What it can be. A duration is written like 90s, 15m, 2h, 1d. */
  readonly values: string
  /** What counts where it is not set. */
  readonly standard: string
  readonly effect: string
}

/** Every setting, in the order of docs/settings.md, which a test compares with it. */
export const SETTINGS: readonly Setting[] = [
  {
    name: 'dw.project',
    values: 'name',
    standard: "from the remote's URL, else the directory's name",
    effect: 'The project of commands outside all registered ones.',
  },
  {
    name: 'dw.lockTtl',
    values: 'duration',
    standard: '2h',
    effect: 'Silence of its session after which a lock expires.',
  },
  {
    name: 'dw.sessionTtl',
    values: 'duration',
    standard: '1d',
    effect: 'Silence after which a session has expired.',
  },
  {
    name: 'dw.heartbeatInterval',
    values: 'duration',
    standard: '15m',
    effect: 'At most one heartbeat is written in this time, or in a quarter of the shortest ttl.',
  },
  {
    name: 'dw.retention',
    values: 'duration',
    standard: '30d',
    effect: 'How long cleanup keeps sessions that have ended, their logs, and rescues.',
  },
  {
    name: 'dw.legacyState',
    values: 'directory',
    standard: 'state and .dw at the top of the main worktree',
    effect: 'Where an older, file-based dw kept its files; empty: init looks nowhere.',
  },
  {
    name: 'dw.runGrace',
    values: 'duration',
    standard: '10s',
    effect: 'From SIGTERM to SIGKILL for a command of run whose lock is lost.',
  },
  {
    name: 'dw.worktreePath',
    values: 'template',
    standard: '~/worktrees/{project}/{task}',
    effect: "Where a task's worktree is made.",
  },
  {
    name: 'dw.branch',
    values: 'template',
    standard: 'feature/{task}',
    effect: "A task's branch, unless its project has a template.",
  },
  {
    name: 'dw.base',
    values: 'commit',
    standard: "the remote's branch of that name, its HEAD, else HEAD",
    effect: 'Where a new branch starts, unless its project has a base.',
  },
  {
    name: 'dw.postCreate',
    values: 'shell command',
    standard: 'none',
    effect:
      'Runs in a new worktree; may be set several times. Counts only in your own git configuration, never in a record.',
  },
  {
    name: 'dw.submodules',
    values: 'true, false',
    standard: 'true',
    effect: 'Whether the submodules of a new worktree are initialised.',
  },
  {
    name: 'dw.remote',
    values: 'name of a remote',
    standard: 'origin, else the only one',
    effect: 'The remote that names the project and the base, and decides about locks where dw.share is true.',
  },
  {
    name: 'dw.share',
    values: 'true, false',
    standard: 'false',
    effect: 'Whether that remote decides who holds what; share sets it.',
  },
  {
    name: 'dw.sharePaths',
    values: 'true, false',
    standard: 'true',
    effect: "Whether the paths of worktrees and the host's name leave this machine.",
  },
  {
    name: 'dw.backgroundSync',
    values: 'true, false',
    standard: 'true',
    effect: 'Whether a command may start a sync of its own that goes on after it.',
  },
  {
    name: 'dw.remoteTimeout',
    values: 'duration',
    standard: '30s',
    effect: 'How long one call to the remote may take.',
  },
  {
    name: 'dw.hooks',
    values: 'true, false',
    standard: 'true',
    effect: 'false: the hooks do nothing.',
  },
  {
    name: 'dw.preCommit',
    values: 'off, warn, deny',
    standard: 'off',
    effect: 'What a commit of paths that others hold comes to.',
  },
  {
    name: 'dw.prePushFresh',
    values: 'duration',
    standard: '30s',
    effect: "How old the last look at the arbiter's locks may be when you push.",
  },
  {
    name: 'dw.hookTimeout',
    values: 'duration',
    standard: '5s',
    effect: 'How long a push waits for that look.',
  },
  {
    name: 'dw.prePushOffline',
    values: 'warn, deny',
    standard: 'warn',
    effect: 'What a push comes to that could not be checked to the end.',
  },
  {
    name: 'color.dw',
    values: 'always, never, auto',
    standard: 'color.ui',
    effect: 'Whether text is coloured; auto: at a terminal.',
  },
]

/** The environment variables that the program and its hooks read. */
export const ENVIRONMENT: Terms = [
  ['DW_SESSION', 'The session to act for, unless --session names one.'],
  ['CLAUDE_CODE_SESSION_ID', 'The agent that a session is bound to.'],
  [
    'TMUX, TMUX_PANE, TERM_SESSION_ID, WT_SESSION',
    'The terminal that a session is bound to, where there is no agent.',
  ],
  [
    'DW_TOKEN',
    'The token that --remote shows to a server that asks, as the password beside the user name in the URL.',
  ],
  ['DW_HOOKS', '0: the hooks do nothing.'],
  [
    'DW_TRACE',
    '1: at the end, every git process is listed on stderr, with --json too: when it started, how long it ran, and a star where the command waited for it.',
  ],
  ['DW_BUILD', 'node: the Node build starts, also where the native build lies beside it.'],
  ['NO_COLOR', 'Set to anything: no colour.'],
  ['CI', 'Set to anything: nothing is asked.'],
]

/** The environment variables that the commands of dw.postCreate and of run are given. */
export const GIVEN: Terms = [
  ['DW_SESSION', 'The session that holds the task.'],
  ['DW_WORKTREE', "The worktree's path."],
  ['DW_TASK', 'The task.'],
  ['DW_PROJECT', 'Its project.'],
  ['DW_BRANCH', 'The branch that is checked out.'],
  ['DW_BASE', 'The commit at which the branch started.'],
]

const MEANINGS: Readonly<Record<number, string>> = {
  1: 'The answer is no.',
  4: 'You no longer hold it.',
  75: 'Try again later.',
  126: 'run: the command cannot be executed.',
  127: 'run: there is no such command.',
  128: 'Cannot go on.',
  129: 'Usage, or a bad key or value.',
  130: 'Interrupted.',
}

/** Each exit status with its meaning and the error codes that have it. */
export const EXIT_STATUSES: Terms = [
  ['0', 'Done.'],
  ...Object.entries(MEANINGS).map(([status, meaning]): [string, string] => {
    const codes = Object.entries(EXIT_STATUS).filter(([, each]) => each === Number(status))
    return [status, `${meaning} ${codes.map(([code]) => code).join(', ')}`]
  }),
]
