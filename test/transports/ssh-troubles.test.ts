import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Clone, Hub } from '../share/hub.ts'
import { SshServer } from './ssh-server.ts'
import { clientOf, endClientOf, expectTrouble, expectTroubles } from './troubles.ts'

let server: SshServer
let hub: Hub
let anna: Clone
beforeAll(async () => {
  server = await SshServer.start()
  server.makeKey('other')
  server.makeKey('locked', 'a passphrase')
  server.letIn('locked')
  const client = await clientOf(server)
  hub = client.hub
  anna = client.anna
})
afterAll(() => endClientOf(server, hub))

async function callsSsh(command: string): Promise<void> {
  await hub.sandbox.git(['config', '--global', 'core.sshCommand', command])
}

beforeEach(async () => {
  server.trust('host')
  await callsSsh(server.command('user'))
})

/** A client that is greeted and then says nothing; it may have to wait until others have left. */
async function inTheDoor(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const [greeting] = await once(socket, 'data')
    if (String(greeting).startsWith('SSH-')) return socket
    socket.destroy()
  }
}

describe('over ssh, what is in the way is said, and what to do', () => {
  test('where the key is not let in', async () => {
    await callsSsh(server.command('other'))
    await expectTroubles(anna, /"origin" cannot be reached: [^\n]*: Permission denied \(publickey\)\.\n/)
  })

  test('where the server has another key than before', async () => {
    server.trust('other')
    await expectTroubles(
      anna,
      /"origin" cannot be reached: WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!\n/,
    )
  })

  test('where nobody can be asked whether the server is the right one', async () => {
    await callsSsh(server.command('user').replace('known_hosts', 'nothing-known'))
    await expectTroubles(anna, /"origin" cannot be reached: Host key verification failed\.\n/)
  })

  test('where there is no such repository, and none of its records is given up', async () => {
    await anna.git(['remote', 'set-url', 'origin', `${hub.url}-moved`])
    const before = await anna.refs('refs/')
    await expectTroubles(
      anna,
      /"origin" cannot be reached: fatal: '[^\n]*hub\.git-moved' does not appear to be/,
    )
    expect(await anna.refs('refs/')).toStrictEqual(before)
    await anna.git(['remote', 'set-url', 'origin', hub.url])
  })

  test('where more log in at once than the server takes', async () => {
    const busy = await SshServer.start(['MaxStartups 1'])
    const waiting = await inTheDoor(busy.port)
    try {
      await callsSsh(busy.command('user'))
      await anna.git(['remote', 'set-url', 'origin', busy.url(hub.path)])
      await expectTrouble(anna, ['claim', 'lib'], /"origin" cannot be reached: [^\n]*(?:closed|reset) by /)
      expect(await hub.refs('refs/dw/locks')).toHaveLength(1)
    } finally {
      waiting.destroy()
      await anna.git(['remote', 'set-url', 'origin', hub.url])
      await busy.stop()
    }
  })

  test('where the client has something to say of its own first', async () => {
    await callsSsh(server.command('nowhere'))
    await expectTrouble(
      anna,
      ['sync'],
      /"origin" cannot be reached: [^\n]*: Permission denied \(publickey\)\.\n/,
    )
  })
})

test('over ssh, nobody is asked for a passphrase but at a terminal, or where the user wants it', async () => {
  const [asked, program] = [join(server.directory, 'asked'), join(server.directory, 'askpass')]
  writeFileSync(program, `#!/bin/sh\necho "$1" >>"${asked}"\necho 'a passphrase'\n`, { mode: 0o755 })
  await callsSsh(server.command('locked'))
  const env = { SSH_ASKPASS: program, DISPLAY: ':no-such-display' }
  const tried = [['claim', 'lib'], ['sync'], ['push', 'origin', 'main']]
  for (const args of tried) expect((await anna.dw(args, { env })).status).toBe(75)
  expect(existsSync(asked)).toBe(false)
  expect((await anna.dw(['sync'], { env: { ...env, SSH_ASKPASS_REQUIRE: 'force' } })).status).toBe(0)
  expect(readFileSync(asked, 'utf8')).toMatch(/^Enter passphrase for key /)
})
