import { describe, expect } from 'vitest'
import { Terminal } from '../harness/terminal.ts'
import { test } from './hub-test.ts'

const MANY = Array.from({ length: 300 }, (_, at) => `directory-${at % 7}/file-${at}`)

/** Every text of the progress line that was drawn. */
const steps = (drawn: string) =>
  drawn.split(/[\r\n]/).flatMap((line) => /^(?:asking|comparing|sending) .*$/.exec(line.trimEnd())?.[0] ?? [])

describe('a sync on a terminal', () => {
  test('tells that it asks, how much there is, and how much is sent, and takes it away', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await anna.json(['claim', '--offline', ...MANY])
    const terminal = new Terminal(hub.sandbox, 'git dw sync', { agent: 'anna', cwd: anna.path })
    const { status } = await terminal.ended()
    expect(status).toBe(0)
    const told = steps(terminal.raw)
    expect(told.slice(0, 2)).toEqual(['asking the remote', expect.stringMatching(/^comparing 30\d records$/)])
    expect(told.filter((line) => line.startsWith('sending'))[0]).toMatch(/^sending 0 of 30\d$/)
    const [last] = terminal.raw
      .trimEnd()
      .split(/[\r\n]+/)
      .slice(-1)
    expect(last).not.toMatch(/asking|comparing|sending \d/)
    expect(await hub.refs('refs/dw/locks')).toHaveLength(300)
  })

  test('tells nothing with --json', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const terminal = new Terminal(hub.sandbox, 'git dw sync --json', { agent: 'anna', cwd: anna.path })
    expect((await terminal.ended()).status).toBe(0)
    expect(steps(terminal.raw)).toEqual([])
  })
})
