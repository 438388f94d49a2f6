import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Terminal } from '../harness/terminal.ts'
import type { Clone, Hub } from '../share/hub.ts'
import { clientOf, endClientOf, expectTrouble, expectTroubles } from './troubles.ts'
import { WebServer } from './web-server.ts'

let server: WebServer
let hub: Hub
let anna: Clone
beforeAll(async () => {
  server = await WebServer.start()
  const client = await clientOf(server)
  hub = client.hub
  anna = client.anna
})
afterAll(() => endClientOf(server, hub))

/** Answers with these settings of nginx's while `work` runs. */
async function answering(settings: readonly string[], work: () => Promise<void>): Promise<void> {
  const other = await WebServer.start(settings)
  const login = async (by: WebServer) => {
    for (const each of Object.entries(by.login)) await hub.sandbox.git(['config', '--global', ...each])
    await anna.git(['remote', 'set-url', 'origin', by.url(hub.path)])
  }
  try {
    await login(other)
    await work()
  } finally {
    await login(server)
    await other.stop()
  }
}

/** Logs in with what this program of the shell prints while `work` runs. */
async function loggingIn(helper: string, work: () => Promise<void>): Promise<void> {
  const settings = Object.entries(server.login)
  await hub.sandbox.git(['config', '--global', 'credential.helper', helper])
  await work()
  for (const each of settings) await hub.sandbox.git(['config', '--global', ...each])
}

const PUSHES = 'if ($arg_service = git-receive-pack) { return'

describe('over HTTP, what is in the way is said, and what to do', () => {
  test('where a password is wanted and nobody can be asked', async () => {
    await loggingIn('', () =>
      expectTroubles(
        anna,
        /"origin" cannot be reached: fatal: could not read Username for '[^\n]*': terminal prompts disabled\n/,
      ),
    )
  })

  test('where the password is wrong (401)', async () => {
    await loggingIn('!printf "username=ann\\npassword=wrong\\n"; true', () =>
      expectTroubles(anna, /"origin" cannot be reached: fatal: Authentication failed for '/),
    )
  })

  test('where the user may read and not push (403)', async () => {
    await answering([`${PUSHES} 403; }`], async () => {
      await expectTrouble(anna, ['claim', 'lib'], /"origin" cannot be reached: fatal: [^\n]* error: 403\n/)
      await expectTrouble(
        anna,
        ['push', 'origin', 'main'],
        /"origin" cannot be reached: fatal: [^\n]* error: 403\n/,
      )
      expect((await anna.dw(['sync'])).status).toBe(0)
    })
  })

  test('where there is no such repository (404), and none of its records is given up', async () => {
    await anna.git(['remote', 'set-url', 'origin', `${hub.url}-moved`])
    const before = await anna.refs('refs/')
    await expectTroubles(
      anna,
      /"origin" cannot be reached: fatal: repository '[^\n]*hub.git-moved\/' not found\n/,
    )
    expect(await anna.refs('refs/')).toStrictEqual(before)
    await anna.git(['remote', 'set-url', 'origin', hub.url])
  })

  test.for([429, 503])('where the server has no time (%i)', async (status) => {
    await answering([`return ${status};`], () =>
      expectTrouble(
        anna,
        ['sync'],
        new RegExp(`"origin" cannot be reached: fatal: [^\\n]* error: ${status}\\n`),
      ),
    )
  })

  test('where a page comes in the place of the repository, and none of its records is given up', async () => {
    await answering(['default_type text/html; return 200 "<html>please log in</html>";'], async () => {
      const before = await anna.refs('refs/dw/')
      const { status, stderr } = await anna.dw(['sync'])
      expect(stderr).toMatch(/the records on the remote "origin" are gone\n {2}→ find out who replaced them/)
      expect(status).toBe(128)
      expect(await anna.refs('refs/dw/')).toStrictEqual(before)
    })
  })

  test('where it breaks off whatever is pushed (500): it may stand or not', async () => {
    await answering(['if ($uri ~ git-receive-pack) { return 500; }'], async () => {
      const { status, stderr } = await anna.dw(['claim', 'lib'])
      expect(stderr).toMatch(/"origin" did not say what became of the change: error: RPC failed; HTTP 500 /)
      expect(stderr).toContain('  → find out, once it answers again: git dw sync\n')
      expect(status).toBe(75)
      expect((await anna.dw(['sync'])).status).toBe(0)
      expect(await anna.refs()).toStrictEqual(await hub.refs())
    })
  })

  test('where large pushes are too large (413): it is not tried for ever, and nothing is left', async () => {
    await answering(['client_max_body_size 3k;'], async () => {
      const keys = Array.from({ length: 40 }, (_, at) => `many/${at}`)
      const before = server.connections()
      const claim = await anna.dw(['claim', ...keys])
      expect(claim.stderr).toMatch(/"origin" does not take a push like this: error: RPC failed; HTTP 413 /)
      expect(claim.status).toBe(128)
      expect(await hub.refs('refs/dw/locks')).toHaveLength(1)
      expect(before).toBeGreaterThan(0)
      await anna.commit('src/large.ts', crypto.getRandomValues(new Uint8Array(6000)).join(' '))
      const pushed = await anna.dw(['push', 'origin', 'main'])
      expect(pushed.stderr).toMatch(/"origin" does not take a push like this: error: RPC failed; HTTP 413 /)
      expect(pushed.stderr).toMatch(/→ [^\n]*how large a push may be/)
      expect(pushed.status).toBe(128)
    })
    await anna.json(['claim', 'many'])
    await anna.json(['push', 'origin', 'main'])
    expect(await hub.git(['rev-parse', 'main'])).toBe(await anna.git(['rev-parse', 'main']))
  })
})

test('over HTTP, git asks at the terminal only where git dw has it', async () => {
  await loggingIn('', async () => {
    const options = { agent: anna.agent, cwd: anna.path }
    await anna.commit('src/newer.ts')
    // the terminal is there, and neither of the streams that a person would see is it
    const errors = join(hub.sandbox.root, 'errors')
    const line = `git dw push origin main </dev/null 2>'${errors}'; cat '${errors}'`
    const unseen = await new Terminal(hub.sandbox, line, options).ended()
    expect(unseen.screen).toContain('terminal prompts disabled')
    const terminal = new Terminal(hub.sandbox, 'git dw push origin main', options)
    await terminal.sees(/Username for '/)
    terminal.type('ann\r')
    await terminal.sees(/Password for '/)
    terminal.type('wrong\r')
    expect((await terminal.ended()).screen).toContain('Authentication failed')
  })
})
