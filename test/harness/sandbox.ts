import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** The directory of the launcher that the tests run. */
export const PROGRAMS = resolve(import.meta.dirname, '../../bin')

/** The build of the program that the tests run: `DW_TEST_BUILD` is `node`, as without it, or `native`. */
export const BUILD = chosenBuild(process.env['DW_TEST_BUILD'])

/** What starts the program without the launcher, for tests that leave it no PATH: the program and first arguments. */
export const PROGRAM: readonly [string, ...string[]] =
  BUILD === 'native'
    ? [join(PROGRAMS, '../dist/native/git-dw')]
    : [process.execPath, join(PROGRAMS, '../dist/main.js')]

function chosenBuild(name = 'node'): 'node' | 'native' {
  if (name !== 'node' && name !== 'native') throw new Error(`DW_TEST_BUILD is "${name}", not node or native`)
  if (name === 'native' && !existsSync(join(PROGRAMS, '../dist/native/git-dw')))
    throw new Error('there is no native build to test: npm run build:native')
  return name
}

/** How a process ended. */
export interface Outcome {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly input?: string
  /** Added to the sandbox's environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Runs as this agent: sets CLAUDE_CODE_SESSION_ID. */
  readonly agent?: string
}

/**
 * A directory of its own with a HOME, git settings and repositories, in which real `git dw` processes
 * run without seeing anything of this machine's user. Processes have no terminal.
 */
export class Sandbox {
  readonly root: string
  readonly home: string
  /** A repository with one commit (unless it was made empty). */
  readonly repo: string
  /** The git program's directory, first on PATH when another git is to be tested. */
  readonly #gitDirectory: string | undefined

  constructor(name = 'repo', gitDirectory?: string) {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'git-dw-test-')))
    this.home = join(this.root, 'home')
    this.repo = join(this.root, name)
    this.#gitDirectory = gitDirectory
    mkdirSync(this.home)
  }

  /** A sandbox with a repository that has one commit. */
  static async create(
    options: { name?: string; init?: readonly string[]; gitDirectory?: string } = {},
  ): Promise<Sandbox> {
    const sandbox = new Sandbox(options.name, options.gitDirectory)
    await sandbox.git(['init', '--quiet', '--initial-branch=main', ...(options.init ?? []), sandbox.repo], {
      cwd: sandbox.root,
    })
    sandbox.write('src/a.ts', 'export {}\n')
    sandbox.write('README.md', '# readme\n')
    await sandbox.git(['add', '.'])
    await sandbox.git(['commit', '--quiet', '-m', 'first'])
    return sandbox
  }

  /** The environment of every process in the sandbox. */
  env(options: RunOptions = {}): NodeJS.ProcessEnv {
    const paths = [PROGRAMS, this.#gitDirectory, dirname(process.execPath), process.env['PATH']]
    return Object.fromEntries(
      Object.entries({
        PATH: paths.filter((path) => path !== undefined).join(':'),
        HOME: this.home,
        LOGNAME: 'ann',
        LANG: 'C.UTF-8',
        // the launcher prefers the native build
        DW_BUILD: BUILD === 'node' ? BUILD : undefined,
        TMPDIR: process.env['TMPDIR'],
        GIT_CONFIG_NOSYSTEM: '1',
        // no test cuts the power: what is synced to disk and what is not looks the same to all of them;
        // a benchmark sets it
        GIT_TEST_FSYNC: process.env['GIT_TEST_FSYNC'] ?? '0',
        GIT_AUTHOR_NAME: 'Ann',
        GIT_AUTHOR_EMAIL: 'ann@example.com',
        GIT_AUTHOR_DATE: '2026-01-02T03:04:05Z',
        GIT_COMMITTER_NAME: 'Ann',
        GIT_COMMITTER_EMAIL: 'ann@example.com',
        GIT_COMMITTER_DATE: '2026-01-02T03:04:05Z',
        CLAUDE_CODE_SESSION_ID: options.agent,
        ...options.env,
      }).filter(([, value]) => value !== undefined),
    )
  }

  /** Starts a program without waiting for it. */
  start(program: string, args: readonly string[], options: RunOptions = {}): ChildProcess {
    const { cwd = this.repo } = options
    return spawn(program, args, { cwd, env: this.env(options), stdio: 'pipe' })
  }

  async run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    const child = this.start(program, args, options)
    // a child may leave before it has read its input
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.input ?? '')
    return ended(child)
  }

  /** Runs `git dw <args>`. */
  async dw(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.run('git', ['dw', ...args], options)
  }

  /** Runs `git dw <args> --json` and parses what it printed on stdout. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers as they please
  async json(args: readonly string[], options: RunOptions = {}): Promise<any> {
    const outcome = await this.dw([...args, '--json'], options)
    return JSON.parse(outcome.stdout)
  }

  /** Runs git and returns its output; throws when it fails. */
  async git(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const outcome = await this.run('git', args, options)
    if (outcome.status !== 0) throw new Error(`git ${args.join(' ')}: ${outcome.stderr}`)
    return outcome.stdout.trim()
  }

  /** Writes a file of the repository. */
  write(path: string, text: string): void {
    const file = join(this.repo, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  /** Every ref with its object id, sorted; `refs/dw` alone with `prefix`. */
  async refs(prefix = 'refs/'): Promise<string[]> {
    const output = await this.git(['for-each-ref', '--format=%(refname) %(objectname)', prefix])
    return output === '' ? [] : output.split('\n')
  }

  /** The record at a ref. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into records as they please
  async record(ref: string): Promise<any> {
    return JSON.parse(await this.git(['cat-file', 'blob', ref]))
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** Waits for a process and collects what it printed. */
export async function ended(child: ChildProcess): Promise<Outcome> {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk))
  return new Promise((resolve_, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => {
      const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString('utf8')
      resolve_({ status, signal, stdout: text(stdout), stderr: text(stderr) })
    })
  })
}
