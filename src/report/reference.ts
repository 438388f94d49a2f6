import { EXIT_STATUS } from '../domain/error.ts'
import type { Terms } from './man-page.ts'

/** Every `dw.*` setting: its name and default, and what it does. Durations are written like 90s, 15m, 2h, 1d. */
export const SETTINGS: Terms = [
  [
    'dw.project',
    "The project of commands outside all registered ones. Default: from the remote's URL, else the directory's name.",
  ],
  ['dw.lockTtl (2h)', 'Silence of its session after which a lock expires.'],
  ['dw.sessionTtl (1d)', 'Silence after which a session has expired.'],
  ['dw.heartbeatInterval (15m)', 'At most one heartbeat is written in this time.'],
  ['dw.runGrace (10s)', 'From SIGTERM to SIGKILL for a command of run whose lock is lost.'],
  ['dw.worktreePath (~/worktrees/{project}/{task})', "Where a task's worktree is made."],
  ['dw.branch (feature/{task})', "A task's branch, unless its project has a template."],
  [
    'dw.base',
    "Where a new branch starts, unless its project has a base. Default: the remote's branch of that name, its HEAD, else HEAD.",
  ],
  ['dw.remote', 'The remote that names the project and the base. Default: origin, else the only one.'],
  ['dw.hooks (true)', 'false: the hooks do nothing.'],
  ['dw.preCommit (off)', 'off, warn or deny: what a commit of paths that others hold comes to.'],
  ['dw.prePushFresh (30s)', "How old the last look at the arbiter's locks may be when you push."],
  ['dw.hookTimeout (5s)', 'How long a push waits for that look.'],
  ['dw.prePushOffline (warn)', 'warn or deny: what a push comes to that could not be checked to the end.'],
  ['color.dw', 'always, never, or auto. Default: color.ui.'],
]

/** The environment variables that the program reads. */
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
  ['NO_COLOR', 'Set to anything: no colour.'],
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
