import { spawn } from '@lydell/node-pty'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import { CountedGit } from './counted-git.ts'

const MANY = Array.from({ length: 300 }, (_, at) => `directory-${at % 7}/file-${at}`)
const A = { agent: 'A' }

/** Runs a shell command on a terminal that is so wide; returns all that the terminal got. */
async function onTerminal(sandbox: Sandbox, command: string, cols: number): Promise<string> {
  const env = sandbox.env(A)
  const pty = spawn('sh', ['-c', command], { cwd: sandbox.repo, env, cols, rows: 24 })
  const parts: string[] = []
  pty.onData((data) => parts.push(data))
  await new Promise<void>((resolve) => pty.onExit(() => resolve()))
  return parts.join('')
}

/** What each line of a terminal shows in the end, when all it knows is carriage return and new line. */
function screen(output: string): string[] {
  return output.split('\n').map((line) => {
    const cells: string[] = []
    let at = 0
    for (const char of line) {
      if (char === '\r') at = 0
      else {
        cells[at] = char
        at += 1
      }
    }
    return Array.from(cells, (cell) => cell ?? ' ')
      .join('')
      .trimEnd()
  })
}

/** Every text that was drawn over another. */
function drawn(output: string): string[] {
  return output
    .split(/[\r\n]/)
    .map((line) => line.trimEnd())
    .filter((line) => /^(?:claiming|releasing)/.test(line))
}

describe('progress', () => {
  let sandbox: Sandbox
  beforeEach(async () => {
    sandbox = await Sandbox.create()
  })
  afterEach(() => sandbox.dispose())

  test.each([80, 40])('is one line that is drawn anew and taken away, on %i columns', async (cols) => {
    const claim = await onTerminal(sandbox, `git dw claim ${MANY.join(' ')} >/dev/null`, cols)
    const lines = drawn(claim)
    expect(lines.length).toBeGreaterThan(3)
    expect(lines[0]).toBe('claiming 300 keys')
    expect(lines).toContain('claiming 40 of 300')
    expect(lines.at(-1)).toBe('claiming 300 of 300')
    for (const line of lines) expect(line.length).toBeLessThan(cols)
    expect(screen(claim).filter((line) => line !== '')).toEqual([expect.stringMatching(/^started SESS-/)])
    const release = await onTerminal(sandbox, `git dw release --all >/dev/null`, cols)
    expect(drawn(release)).toEqual(['releasing 300 keys'])
    expect(screen(release).filter((line) => line !== '')).toEqual([])
    expect(await sandbox.refs('refs/dw/locks')).toEqual([])
  })

  test('is cut where the terminal is too narrow for it, and never goes to a second line', async () => {
    const claim = await onTerminal(sandbox, `git dw claim ${MANY.join(' ')} >/dev/null`, 12)
    expect(drawn(claim)).toContain('claiming 3…')
    for (const line of drawn(claim)) expect(line.length).toBeLessThan(12)
  })

  test('is gone before an error is written', async () => {
    await sandbox.dw(['claim', 'directory-3/file-3'], { agent: 'B' })
    const refused = await onTerminal(sandbox, `NO_COLOR=1 git dw claim ${MANY.join(' ')}`, 80)
    expect(drawn(refused)).toContain('claiming 300 keys')
    expect(screen(refused).join('\n')).not.toContain('claiming')
    expect(screen(refused)[0]).toMatch(/^git dw: "directory-3\/file-3" is held by/)
  })

  test.each([
    ['where stderr is no terminal', `git dw claim ${MANY.join(' ')} 2>errors; cat errors`],
    ['with --json', `git dw claim --json ${MANY.join(' ')}`],
    ['for few keys', 'git dw claim a b c'],
  ])('is not shown %s', async (_, command) => {
    const output = await onTerminal(sandbox, command, 80)
    expect(drawn(output)).toEqual([])
    expect((await sandbox.refs('refs/dw/locks')).length).toBeGreaterThan(2)
  })

  test('that nobody watches costs nothing: the records are written by one process', async () => {
    const { status, calls } = await new CountedGit(sandbox).run(['claim', ...MANY], A)
    expect(status).toBe(0)
    expect(calls.filter((call) => call.includes('unpack-objects'))).toHaveLength(1)
  })
})
