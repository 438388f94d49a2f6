import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import type { GitServer } from './git-server.ts'
import { installed } from './server-process.ts'
import { SshServer } from './ssh-server.ts'
import { WebServer } from './web-server.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await Sandbox.create()
})
afterAll(() => sandbox.dispose())

/** Where nobody is asked for anything. */
const ALONE = { GIT_TERMINAL_PROMPT: '0', SSH_ASKPASS_REQUIRE: 'never' }

async function listed(server: GitServer, login: GitServer['login']) {
  const settings = Object.entries(login).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return sandbox.run('git', [...settings, 'ls-remote', server.url(sandbox.repo)], { env: ALONE })
}

const SERVERS = [
  ['sshd', SshServer, { 'core.sshCommand': 'ssh -F /dev/null -i /dev/null -o StrictHostKeyChecking=no' }],
  ['nginx', WebServer, { 'credential.helper': '!printf "username=ann\\npassword=wrong\\n"; true' }],
] as const

describe.each(SERVERS)('%s', (_, Server, wrong) => {
  test('gives git to those who have the key or the password, and leaves nothing behind', async () => {
    const server = await Server.start()
    const processes = async () => {
      const groups = server.pids.map(String).join(',')
      const listing = await sandbox.run('ps', ['-o', 'stat=,args=', '-g', groups])
      // what is dead and not yet collected is gone
      return listing.stdout.split('\n').filter((line) => line !== '' && !line.startsWith('Z'))
    }
    try {
      expect(await processes()).not.toStrictEqual([])
      expect(await listed(server, server.login)).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/\trefs\/heads\/main$/m),
      })
      expect(server.connections()).toBe(1)
      expect((await listed(server, wrong)).status).toBe(128)
      expect(server.connections()).toBe(1)
    } finally {
      await server.stop()
    }
    await expect.poll(processes).toStrictEqual([])
    expect(existsSync(server.directory)).toBe(false)
  })

  test('that does not start says why', async () => {
    await expect(Server.start(['no such setting;'])).rejects.toThrow(
      /no such setting|Bad configuration|"no"/i,
    )
  })
})

test('a program that is missing is a failure, which names the package', () => {
  expect(() => installed('no-such-server', 'its-package')).toThrow('apt-get install its-package')
})
