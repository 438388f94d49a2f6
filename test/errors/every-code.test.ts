import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect } from 'vitest'
import { type ErrorCode, EXIT_STATUS } from '../../src/domain/error.ts'
import { BUILD, type Outcome, Sandbox } from '../harness/sandbox.ts'
import { type StepOptions, test } from '../harness/transcript.ts'

interface Case {
  /** Brings the sandbox to where `command` fails; may say more of how to run it. */
  readonly prepare?: (sandbox: Sandbox) => Promise<StepOptions>
  readonly command: string
  readonly options?: StepOptions
  /** Refs that the command may change although it fails: what was done and undone is logged. */
  readonly mayChange?: RegExp
  /** What is on stdout all the same. */
  readonly stdout?: RegExp
  /** How one goes on by each of the hints, in an order in which a person would. */
  readonly next: readonly Next[]
}

interface Next {
  /** Which hint it is that one follows. */
  readonly hint: number
  /** What stands for the placeholders in its command. */
  readonly fill?: Readonly<Record<string, string>>
  /** What a reader does of a hint that is no command, or says only how one is written; null: nothing. */
  readonly by?: string | null
  /** What must have happened in the world before. */
  readonly after?: string
  /** How the hint's command ends, when not with 0: one that only looks, or meets what is in the way itself. */
  readonly ends?: number
  /** Whether what was refused succeeds afterwards. */
  readonly mends?: true
  /** Another way than the one before it: it is gone in a sandbox of its own. */
  readonly apart?: true
}

/** What stands in a hint after its last `: `, which is a command to be given. */
const commandIn = (hint: string) => hint.slice(hint.lastIndexOf(': ') + 2)

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }
const JOURNAL = /^refs\/dw\/(?:active|ended|log|meta)/

const active = (session: string) => `refs/dw/active/${session.toLowerCase()}`

async function writeBlob(sandbox: Sandbox, ref: string, input: string): Promise<StepOptions> {
  const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { input })
  await sandbox.git(['update-ref', ref, blob])
  return {}
}

async function annaHoldsSrc(sandbox: Sandbox): Promise<StepOptions> {
  await sandbox.dw(['claim', 'src', '-m', 'new parser'], ANNA)
  return {}
}

/** A worktree of anna's, after `git` commands in it. */
async function annasWorktree(sandbox: Sandbox, ...commands: readonly string[][]): Promise<StepOptions> {
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  for (const args of commands) await sandbox.git(args, { cwd: worktree.path })
  return {}
}

/** A bare repository beside the sandbox's, through which anna's locks are shared. */
async function shares(sandbox: Sandbox): Promise<string> {
  const hub = join(sandbox.root, 'hub.git')
  await sandbox.git(['config', '--global', 'dw.backgroundSync', 'false'])
  await sandbox.git(['clone', '--quiet', '--bare', sandbox.repo, hub])
  await sandbox.git(['remote', 'add', 'origin', hub])
  await sandbox.dw(['share'])
  await sandbox.dw(['claim', 'src'], ANNA)
  return hub
}

/** A user that cannot write the repository: another one where the tests run as root. */
async function asReader(sandbox: Sandbox): Promise<StepOptions> {
  await annaHoldsSrc(sandbox)
  await sandbox.dw(['new'], BEN)
  await sandbox.git(['config', '--global', 'safe.directory', '*'])
  chmodSync(sandbox.root, 0o755)
  if (process.getuid?.() === 0) return { under: ['setpriv', '--reuid=65534', '--clear-groups'] }
  await sandbox.run('chmod', ['-R', 'a-w', '.git'])
  return {}
}

/** One way to meet each error. */
const CASES: Readonly<Record<ErrorCode, Case>> = {
  DW_LOCKED: {
    prepare: annaHoldsSrc,
    next: [{ hint: 0 }, { hint: 1, mends: true }],
    command: 'git dw claim src/a.ts docs',
    options: BEN,
  },
  DW_NOT_OWNER: {
    prepare: async (sandbox) => {
      await annaHoldsSrc(sandbox)
      await sandbox.dw(['new'], BEN)
      return {}
    },
    next: [{ hint: 0 }, { hint: 1, by: null }],
    command: 'git dw release src',
    options: BEN,
  },
  DW_NOT_FOUND: { prepare: annaHoldsSrc, next: [{ hint: 0 }], command: 'git dw release docs', options: ANNA },
  DW_MAIN_WORKTREE: { next: [{ hint: 0 }], command: 'git dw worktree remove .', options: ANNA },
  DW_WORKTREE_LOCKED: {
    prepare: (sandbox) => annasWorktree(sandbox, ['worktree', 'lock', '.']),
    next: [{ hint: 0, mends: true }],
    command: 'git dw worktree remove T',
    options: ANNA,
  },
  DW_NESTED: {
    prepare: (sandbox) => annasWorktree(sandbox, ['init', '-q', 'nested']),
    next: [{ hint: 0 }, { hint: 1, by: 'rm -r ~/worktrees/repo/T/nested', mends: true }],
    command: 'git dw worktree remove T --force',
    options: ANNA,
  },
  DW_DIRTY: {
    prepare: (sandbox) => annasWorktree(sandbox, ['rm', '-q', 'README.md']),
    next: [{ hint: 0 }, { hint: 1 }],
    command: 'git dw worktree remove T',
    options: ANNA,
  },
  DW_DETACHED: {
    prepare: (sandbox) =>
      annasWorktree(
        sandbox,
        ['checkout', '-q', '--detach'],
        ['commit', '-q', '--allow-empty', '-m', 'only here'],
      ),
    next: [
      { hint: 0, fill: { '<branch>': 'kept' }, mends: true },
      { hint: 1, apart: true },
    ],
    command: 'git dw worktree remove T',
    options: ANNA,
  },
  DW_IN_USE: {
    next: [
      { hint: 1, by: 'git dw claim --task T --branch other' },
      { hint: 0, fill: { '<branch>': '-c elsewhere' }, mends: true, apart: true },
    ],
    command: 'git dw claim --task T --branch main',
    options: ANNA,
  },
  DW_EXISTS: {
    prepare: async ({ home }) => {
      mkdirSync(join(home, 'worktrees/repo/T'), { recursive: true })
      writeFileSync(join(home, 'worktrees/repo/T/precious'), 'x')
      return {}
    },
    next: [
      { hint: 0, fill: { '<another path>': 'moved' }, mends: true },
      { hint: 1, fill: { '<template>': "'~/other/{task}'" }, mends: true, apart: true },
    ],
    command: 'git dw claim --task T',
    options: ANNA,
  },
  DW_ALIVE: {
    prepare: async (sandbox) => {
      const { session } = await sandbox.json(['new'], ANNA)
      return { env: { OTHER: session } }
    },
    next: [{ hint: 0 }],
    command: 'git dw end $OTHER',
    options: BEN,
  },
  DW_FINISHED: {
    prepare: async (sandbox) => {
      await sandbox.dw(['claim', '--task', 'T'], ANNA)
      const pr = ['--pr', 'https://example.com/shop/pull/7']
      await sandbox.dw(['record-result', '--task', 'T', '--status', 'passed', ...pr], ANNA)
      return {}
    },
    next: [{ hint: 0 }, { hint: 1, mends: true }],
    command: 'git dw claim --task T',
    options: ANNA,
  },
  DW_LOST: {
    prepare: async (sandbox) => {
      await annaHoldsSrc(sandbox)
      const { session } = await sandbox.json(['claim', 'src', '--steal', '-m', 'release day'], BEN)
      return { env: { BENS: session } }
    },
    next: [
      { hint: 0, ends: 4 },
      { hint: 0, after: 'git dw --session "$BENS" release src', mends: true },
    ],
    command: 'git dw release src',
    options: ANNA,
  },
  DW_NOT_EXECUTABLE: {
    prepare: async (sandbox) => annasWorktree(sandbox),
    next: [{ hint: 0 }, { hint: 1, by: 'git dw run --task T -- sh ./README.md' }],
    command: 'git dw run --task T -- ./README.md',
    options: ANNA,
    mayChange: JOURNAL,
  },
  DW_NO_COMMAND: {
    prepare: async (sandbox) => annasWorktree(sandbox),
    next: [
      { hint: 0, ends: 127 },
      { hint: 1, by: 'git dw run --task T -- sh -c "echo done"' },
    ],
    command: 'git dw run --task T -- no-such-program --help',
    options: ANNA,
    mayChange: JOURNAL,
  },
  DW_BUSY: {
    prepare: async (sandbox) => {
      const { session } = await sandbox.json(['new'], ANNA)
      sandbox.write(`.git/${active(session)}.lock`, '')
      return {}
    },
    next: [
      { hint: 0, by: null },
      { hint: 1, mends: true },
    ],
    command: 'git dw claim src',
    options: ANNA,
  },
  DW_TIMEOUT: {
    prepare: annaHoldsSrc,
    next: [{ hint: 0, ends: 75 }, { hint: 1 }, { hint: 2, mends: true }],
    command: 'git dw claim src docs --wait=1s',
    options: BEN,
  },
  DW_OFFLINE: {
    prepare: async (sandbox) => {
      renameSync(await shares(sandbox), join(sandbox.root, 'gone.git'))
      return {}
    },
    next: [
      { hint: 0, ends: 128 },
      { hint: 1, by: null },
      { hint: 2, fill: { '…': 'docs' } },
    ],
    command: 'git dw claim docs',
    options: ANNA,
  },
  DW_UNKNOWN_OUTCOME: {
    prepare: async (sandbox) => {
      const hub = await shares(sandbox)
      // the server dies of every push, but says what it has
      writeFileSync(join(hub, 'hooks/pre-receive'), '#!/bin/sh\nkill -9 $PPID\n')
      chmodSync(join(hub, 'hooks/pre-receive'), 0o755)
      return {}
    },
    next: [
      { hint: 0, after: 'rm ../hub.git/hooks/pre-receive' },
      { hint: 1, mends: true },
    ],
    command: 'git dw claim docs',
    options: ANNA,
  },
  DW_REMOTE: {
    prepare: async (sandbox) => {
      await sandbox.git(['init', '--quiet', '--bare', '../hub.git'])
      return {}
    },
    next: [
      { hint: 0, fill: { '<url>': '../hub.git' }, mends: true },
      { hint: 1, after: 'git remote add hub ../hub.git', fill: { '<remote>': 'hub' }, apart: true },
    ],
    command: 'git dw share',
  },
  DW_REMOTE_RESET: {
    prepare: async (sandbox) => {
      const hub = await shares(sandbox)
      await sandbox.git(['update-ref', '-d', 'refs/dw/meta'], { cwd: hub })
      return {}
    },
    next: [
      { hint: 0, by: null },
      { hint: 1, mends: true },
    ],
    command: 'git dw sync',
    options: ANNA,
    mayChange: /^refs\/dw-local\/remote\/origin\/seen\//,
  },
  DW_NOT_A_REPO: {
    prepare: async ({ root }) => ({ cwd: root }),
    next: [{ hint: 0, fill: { '<directory>': 'repo', '…': 'locks' } }],
    command: 'git dw locks',
  },
  DW_NO_SESSION: { prepare: annaHoldsSrc, next: [{ hint: 0, mends: true }], command: 'git dw claim docs' },
  DW_AMBIGUOUS: {
    prepare: async (sandbox) => {
      await sandbox.dw(['new'], ANNA)
      const { worktree } = await sandbox.json(['claim', '--task', 'T'], BEN)
      return { cwd: worktree.path }
    },
    next: [
      { hint: 0, by: 'git dw status' },
      { hint: 1, fill: { '…': 'claim docs' } },
    ],
    command: 'git dw claim docs',
    options: ANNA,
  },
  DW_CORRUPT_STATE: {
    prepare: (sandbox) => writeBlob(sandbox, 'refs/dw/locks/path/src', 'not json\n'),
    next: [{ hint: 0 }, { hint: 1, mends: true }],
    command: 'git dw claim src/a.ts',
    options: ANNA,
  },
  DW_SCHEMA: {
    prepare: (sandbox) =>
      writeBlob(
        sandbox,
        'refs/dw/meta',
        '{"id":"x","kind":"meta","minReader":2,"nonce":"x","rev":1,"schema":2,"v":1}\n',
      ),
    next: [{ hint: 0 }],
    command: 'git dw status',
  },
  DW_CONFIG: {
    prepare: async (sandbox) => {
      await sandbox.git(['config', 'dw.lockTtl', 'soon'])
      return {}
    },
    next: [{ hint: 0, mends: true }],
    command: 'git dw claim src',
    options: ANNA,
  },
  DW_READONLY: {
    prepare: asReader,
    next: [{ hint: 0 }, { hint: 1 }],
    command: 'git dw claim docs',
    options: BEN,
  },
  DW_POST_CREATE: {
    prepare: async (sandbox) => {
      await sandbox.git(['config', 'dw.postCreate', 'echo "no network" && exit 3'])
      return {}
    },
    next: [{ hint: 1 }, { hint: 0, after: 'git config dw.postCreate true', mends: true }],
    command: 'git dw claim --task T',
    options: ANNA,
    mayChange: /^refs\/(?:dw|heads\/feature)\//,
    stdout: /worktrees\/repo\/T/,
  },
  DW_COPY: {
    prepare: async (sandbox) => {
      mkdirSync(join(sandbox.repo, '.worktreeinclude'))
      return {}
    },
    next: [{ hint: 0 }, { hint: 1, by: 'rmdir .worktreeinclude', mends: true }],
    command: 'git dw claim --task T',
    options: ANNA,
    mayChange: JOURNAL,
  },
  DW_GIT: {
    prepare: async (sandbox) => {
      writeFileSync(join(sandbox.root, 'file'), '')
      await sandbox.git(['config', 'dw.worktreePath', '../file/{task}'])
      return {}
    },
    next: [{ hint: 0 }, { hint: 1, by: 'rm ../file', mends: true }],
    command: 'git dw claim --task T',
    options: ANNA,
    mayChange: JOURNAL,
  },
  DW_USAGE: {
    next: [{ hint: 0, by: 'git dw claim --ttl 1d src' }],
    command: 'git dw claim --ttl tomorrow src',
    options: ANNA,
  },
  DW_INTERRUPTED: {
    // git's hook sends the signal to the program that started git, as Ctrl-C would
    prepare: async ({ repo }) => {
      const hook = join(repo, '.git/hooks/post-checkout')
      mkdirSync(join(repo, '.git/hooks'), { recursive: true })
      writeFileSync(hook, `#!/bin/sh\nkill -INT "$(cut -d ' ' -f 4 "/proc/$PPID/stat")"\nsleep 0.2\n`)
      chmodSync(hook, 0o755)
      return {}
    },
    next: [{ hint: 0, after: 'rm .git/hooks/post-checkout', mends: true }],
    command: 'git dw claim --task T',
    options: ANNA,
    mayChange: JOURNAL,
  },
}

test('every error code of the source has its case here, and something that throws it', () => {
  expect(Object.keys(CASES).sort()).toStrictEqual(Object.keys(EXIT_STATUS).sort())
  const source = resolve(import.meta.dirname, '../../src')
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )
  const text = files
    .filter((name) => name !== join('domain', 'error.ts'))
    .map((name) => readFileSync(join(source, name), 'utf8'))
    .join('\n')
  expect(Object.keys(CASES).filter((code) => !text.includes(`'${code}'`))).toStrictEqual([])
})

async function asJson(sandbox: Sandbox, command: string, options: StepOptions): Promise<Outcome> {
  const { under = [], ...rest } = options
  // what stands after "--" is another program's
  const asked = command.includes(' -- ') ? command.replace(' -- ', ' --json -- ') : `${command} --json`
  return sandbox.run('env', [...under, 'sh', '-c', asked], rest)
}

/** What a person or an agent does who follows a hint; null where there is nothing to do. */
function asDone({ by, fill = {}, after }: Next, hint: string): string | null {
  if (by === null) return null
  const command = Object.entries(fill).reduce(
    (text, [placeholder, value]) => text.replace(placeholder, value),
    by ?? commandIn(hint),
  )
  return after === undefined ? command : `${after} && ${command}`
}

/** Follows a hint, and gives again what was refused where that must succeed by then, in the same shell. */
async function follows(
  sandbox: Sandbox,
  command: string,
  options: StepOptions,
  hints: readonly string[],
  next: Next,
): Promise<void> {
  const { under = [], ...rest } = options
  const done = asDone(next, hints[next.hint] ?? '')
  if (done === null) return
  const script = `${done}\nhow=$?; ${next.mends === undefined ? '' : `${command} >&2 && `}exit $how`
  const outcome = await sandbox.run('env', [...under, 'sh', '-c', script], rest)
  expect({ done, status: outcome.status, stderr: outcome.stderr }).toMatchObject({ status: next.ends ?? 0 })
}

/** Follows a hint where nothing but the refusal has happened. */
async function followsApart(each: Case, next: Next): Promise<void> {
  const sandbox = await Sandbox.create()
  try {
    const options = { ...each.options, ...(await each.prepare?.(sandbox)) }
    const { stderr } = await asJson(sandbox, each.command, options)
    await follows(sandbox, each.command, options, JSON.parse(stderr).error.hints, next)
  } finally {
    sandbox.dispose()
  }
}

describe.each(Object.entries(CASES) as [ErrorCode, Case][])('%s', (code, each) => {
  const expected = EXIT_STATUS[code]

  test(`exits with ${expected}, says so in text and in JSON, changes no ref, and each hint leads on`, async ({
    sandbox,
    transcript,
  }) => {
    const more = (await each.prepare?.(sandbox)) ?? {}
    const options = { ...each.options, ...more }
    const refs = async () =>
      (await sandbox.refs()).filter((line) => each.mayChange === undefined || !each.mayChange.test(line))
    const before = await refs()

    const run = {
      text: () => transcript.run(each.command, options),
      json: () => asJson(sandbox, each.command, options),
    }
    // what makes or removes a worktree would stand in its own way
    const [text, json] =
      each.mayChange === undefined && !each.command.includes('worktree')
        ? await Promise.all([run.text(), run.json()])
        : [await run.text(), await run.json()]
    expect(await refs()).toStrictEqual(before)
    const stdout = expect.stringMatching(each.stdout ?? /^$/)
    expect(text).toMatchObject({ status: expected, stdout })
    expect(text.stderr).toMatch(/^git dw: (?=[^A-Z\n]|SESS-)/m)

    await transcript.matches(`errors/${code}`)

    expect(json).toMatchObject({ status: expected, stdout })
    expect(json.stderr.split('\n')).toHaveLength(2)
    const { error, ...rest } = JSON.parse(json.stderr)
    expect(rest).toStrictEqual({})
    expect(error).toMatchObject({ code, message: expect.stringMatching(/[^.]$/), hints: expect.any(Array) })
    expect(error.hints).not.toStrictEqual([])
    const followed = new Set(each.next.map(({ hint }) => hint))
    expect([...followed].sort()).toStrictEqual([...error.hints.keys()])
    // what the hints of both builds say is the same: it is the transcript
    if (BUILD === 'native') return
    for (const next of each.next) {
      if (next.apart) await followsApart(each, next)
      else await follows(sandbox, each.command, options, error.hints, next)
    }
  })
})
