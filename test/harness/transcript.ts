import { hostname } from 'node:os'
import { join } from 'node:path'
import { test as base, expect } from 'vitest'
import { type Outcome, type RunOptions, Sandbox } from './sandbox.ts'

/** How one command of a transcript runs. */
export interface StepOptions extends RunOptions {
  /** Shifts the program's time, like `+3h`. */
  readonly clock?: string
  /** A command that runs the command, such as one that changes the user; it is not written down. */
  readonly under?: readonly string[]
}

/** What ids, object ids and times look like in answers. */
export const FORMAT = {
  session: /^SESS-[0-9A-HJKMNP-TV-Z]{10}$/,
  oid: /^[0-9a-f]{40}$/,
  time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
} as const

/**
 * Shell commands with what they printed and how they ended; lines of stderr start with `2>`.
 * What differs from run to run is masked when the transcript is read as text.
 */
export class Transcript {
  readonly #sandbox: Sandbox
  readonly #parts: string[] = []

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox
  }

  /** Runs `command` in a shell, in the repository unless told otherwise, and writes it down. */
  async run(command: string, options: StepOptions = {}): Promise<Outcome> {
    const { clock, under = [], ...rest } = options
    const env = { ...rest.env, ...(clock === undefined ? {} : { DW_TEST_CLOCK: clock }) }
    const outcome = await this.#sandbox.run('env', [...under, 'sh', '-c', command], { ...rest, env })
    const prompt = [
      ...(clock === undefined ? [] : [clock]),
      ...(rest.agent === undefined ? [] : [rest.agent]),
      '$',
    ].join(' ')
    const told = outcome.stderr.replace(/^(?=.)/gm, '2> ').replace(/^$(?=\n)/gm, '2>')
    this.#parts.push(`${prompt} ${command}\n${outcome.stdout}${told}[exit ${outcome.status}]\n`)
    return outcome
  }

  toString(): string {
    return masked(this.#parts.join('\n'), this.#sandbox)
  }

  /** Compares the transcript with test/transcripts/<name>.txt, which is never written in CI. */
  async matches(name: string): Promise<void> {
    const file = join(import.meta.dirname, '..', 'transcripts', `${name}.txt`)
    await expect(this.toString()).toMatchFileSnapshot(file)
  }
}

/**
 * `text` with ids, object ids, times, paths and the host's name replaced. Ids of sessions, locks and
 * claims are numbered in the order in which they appear, so that it shows which are the same.
 */
export function masked(text: string, sandbox: Pick<Sandbox, 'home' | 'root'>): string {
  const numbers = new Map<string, string>()
  const numbered = (id: string, kind: string) => {
    const known = numbers.get(id) ?? `<${kind} ${[...numbers.values()].filter(isOf(kind)).length + 1}>`
    numbers.set(id, known)
    return known
  }
  const isOf = (kind: string) => (name: string) => name.startsWith(`<${kind} `)
  return text
    .replaceAll(sandbox.home, '<home>')
    .replaceAll(sandbox.root, '<root>')
    .replace(/\b(SESS)-[0-9A-Z]{10}\b/gi, (id, kind) => numbered(id.toUpperCase(), kind.toUpperCase()))
    .replace(/\b(t)-[0-9a-f]{6}\b/g, '$1-<random>')
    .replace(/\b(LOCK|CLAIM)-[0-9a-f]{16,}\b/g, numbered)
    .replace(/\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b/g, '<oid>')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>')
    .replaceAll(`@${hostname()}`, '@<host>')
    .replace(/\b127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replace(/just now|\b\d+[smhd](?: \d+[smhd]|\d+[smhd])? ago/g, '<ago>')
    .replace(/(expires in|live for another) \d+[smhd]\w*/g, '$1 <duration>')
    .replace(/\b\d+[smhd]\w* left/g, '<duration> left')
    .replace(/(?<= {2})\d+[smhd](?:\d+[smhd])?(?= {2}|$)/gm, '<duration>')
    .replace(/(?<=[^\s>]) {2,}|(?<=[^2]>) {2,}/g, '  ')
}

/** A test with a sandbox of its own, and a transcript of what runs in it. */
export const test = base.extend<{ sandbox: Sandbox; transcript: Transcript }>({
  sandbox: async ({ onTestFinished }, use) => {
    const sandbox = await Sandbox.create()
    onTestFinished(() => sandbox.dispose())
    await use(sandbox)
  },
  transcript: async ({ sandbox }, use) => {
    await use(new Transcript(sandbox))
  },
})
