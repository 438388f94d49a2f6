import type { Sandbox } from '../harness/sandbox.ts'

/** Who works in a round: the one whose command is killed, and one who held something before. */
export interface Cast {
  readonly killed: string
  readonly holder: string
}

/** Runs `git dw` as an agent; throws when it does not exit with 0. */
export type Act = (agent: string, ...words: string[]) => Promise<string>

/** A command that is killed, around the names of one round. */
export interface Operation {
  readonly name: string
  /** What the command is about: names under `refs/dw/locks/`. */
  readonly locks: (round: string) => readonly string[]
  /** Brings the repository to where the command makes sense; returns the command. */
  readonly prepare: (round: string, cast: Cast, act: Act) => Promise<readonly string[]>
  /** A claim of the same keys. */
  readonly claim: (round: string) => readonly string[]
  /** Whether the killed one's session holds the keys once its command has run again. */
  readonly ends: 'held' | 'free' | "holder's"
  /** Exit statuses of the same command when it is given again: 0, and more where all of it may be done. */
  readonly again: readonly number[]
  /** Shifts the clock of the killed command. */
  readonly clock?: string
}

const paths = (...names: string[]) => ({
  locks: (round: string) => names.map((name) => `path/${round}/${name}`.replace(/\/$/, '')),
  claim: (round: string) => ['claim', ...names.map((name) => `${round}/${name}`)],
})
const task = {
  locks: (round: string) => [`task/repo/${round}`],
  claim: (round: string) => ['claim', '--task', round, '--no-worktree'],
}
const STEAL = ['--steal', '-m', 'urgent']

/** Every kind of command that changes locks. */
export const OPERATIONS: readonly Operation[] = [
  {
    name: 'a claim of a path',
    ...paths('a'),
    prepare: async (round) => ['claim', `${round}/a`],
    ends: 'held',
    again: [0],
  },
  {
    name: 'a claim of several paths in a session that is there',
    ...paths('a', 'b', 'c'),
    prepare: async (round, { killed }, act) => {
      await act(killed, 'claim', `${round}/other`)
      return ['claim', `${round}/a`, `${round}/b`, `${round}/c`]
    },
    ends: 'held',
    again: [0],
  },
  {
    name: 'a claim of a task with its worktree',
    locks: task.locks,
    claim: (round) => ['claim', '--task', round],
    prepare: async (round) => ['claim', '--task', round],
    ends: 'held',
    again: [0],
  },
  {
    name: 'a claim of a directory above own locks',
    ...paths(''),
    prepare: async (round, { killed }, act) => {
      await act(killed, 'claim', `${round}/a`, `${round}/b`)
      return ['claim', round]
    },
    ends: 'held',
    again: [0],
  },
  {
    name: 'a claim of what has expired',
    ...paths('a'),
    prepare: async (round, { holder }, act) => {
      await act(holder, 'claim', `${round}/a`)
      return ['claim', `${round}/a`]
    },
    clock: '+3h',
    ends: 'held',
    again: [0],
  },
  {
    name: 'a steal of a path',
    ...paths('a'),
    prepare: async (round, { holder }, act) => {
      await act(holder, 'claim', `${round}/a`)
      return ['claim', `${round}/a`, ...STEAL]
    },
    ends: 'held',
    again: [0],
  },
  {
    name: 'a steal of a task',
    ...task,
    prepare: async (round, { holder }, act) => {
      await act(holder, 'claim', '--task', round, '--no-worktree')
      return ['claim', '--task', round, '--no-worktree', ...STEAL]
    },
    ends: 'held',
    again: [0],
  },
  {
    name: "a steal of a directory over another's files",
    ...paths(''),
    prepare: async (round, { holder }, act) => {
      await act(holder, 'claim', `${round}/a`, `${round}/b`)
      return ['claim', round, ...STEAL]
    },
    ends: 'held',
    again: [0],
  },
  {
    name: "a steal of a file under another's directory",
    ...paths('a'),
    prepare: async (round, { holder }, act) => {
      await act(holder, 'claim', round)
      return ['claim', `${round}/a`, ...STEAL]
    },
    ends: 'held',
    again: [0],
  },
  {
    name: 'a release of paths',
    ...paths('a', 'b'),
    prepare: async (round, { killed }, act) => {
      await act(killed, 'claim', `${round}/a`, `${round}/b`, `${round}/other`)
      return ['release', `${round}/a`, `${round}/b`]
    },
    ends: 'free',
    again: [0, 1],
  },
  {
    name: 'a release of all',
    ...paths('a', 'b'),
    prepare: async (round, { killed }, act) => {
      await act(killed, 'claim', `${round}/a`, `${round}/b`)
      return ['release', '--all']
    },
    ends: 'free',
    again: [0],
  },
  {
    name: 'a release of a task',
    ...task,
    prepare: async (round, { killed }, act) => {
      await act(killed, 'claim', '--task', round, '--no-worktree')
      return ['release', '--task', round]
    },
    ends: 'free',
    again: [0, 1],
  },
  {
    name: 'a result of a task',
    ...task,
    prepare: async (round, { killed }, act) => {
      await act(killed, 'claim', '--task', round, '--no-worktree')
      return ['record-result', '--task', round, '--status', 'failed']
    },
    ends: 'free',
    again: [0, 1],
  },
  {
    name: 'an end of the own session',
    ...paths('a', 'b'),
    prepare: async (round, { killed }, act) => {
      await act(killed, 'claim', `${round}/a`, `${round}/b`)
      return ['end']
    },
    ends: 'free',
    again: [0, 128],
  },
  {
    name: "an end of another's session",
    ...paths('a'),
    prepare: async (round, { killed, holder }, act) => {
      await act(killed, 'init')
      const { session } = JSON.parse(await act(holder, 'claim', `${round}/a`, '--json'))
      return ['end', session, '--force']
    },
    ends: 'free',
    again: [0, 1],
  },
  {
    name: "a takeover of another's session",
    ...paths('a'),
    prepare: async (round, { holder }, act) => {
      const { session } = JSON.parse(await act(holder, 'claim', `${round}/a`, '--json'))
      return ['resume', session, '--takeover']
    },
    ends: "holder's",
    again: [0],
  },
]

/** What an {@link Act} needs of a way to run commands. */
export function actIn(
  sandbox: Sandbox,
  run: (
    sandbox: Sandbox,
    words: readonly string[],
    options: { agent: string },
  ) => Promise<{ status: number | null; stdout: string; stderr: string }>,
): Act {
  return async (agent, ...words) => {
    const { status, stdout, stderr } = await run(sandbox, words, { agent })
    if (status !== 0) throw new Error(`git dw ${words.join(' ')}: ${stderr}`)
    return stdout
  }
}
