import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { ended, PROGRAM, type RunOptions, Sandbox } from '../harness/sandbox.ts'
import { type RunningServer, serve, serveGit } from './git-server.ts'
import { awayFromGit, READER, Reading, test } from './reading.ts'

const ANNA = { agent: 'anna' }
const TOKEN = { env: { DW_TOKEN: 's3cret' } }
const basic = (login: string) => `Basic ${Buffer.from(login).toString('base64')}`
const withLogin = (url: string, login: string) => url.replace('//', `//${login}@`)

describe('credentials', () => {
  const tokenOnly = { login: 'x-access-token:s3cret' }

  test('a server that wants none is shown none', async ({ reading }) => {
    await reading.sandbox.dw(['new'], ANNA)
    await reading.json(['status', '--remote', withLogin(reading.url, 'ann:s3cret')], TOKEN)
    expect(reading.server.seen.map(({ authorization }) => authorization)).toStrictEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test('a server that wants some takes those of the URL, or DW_TOKEN as the password', async ({ open }) => {
    const reading = await open({ login: 'ann:p@ss' })
    await reading.sandbox.dw(['claim', 'src'], ANNA)
    const { remote, items } = await reading.json(['locks', '--remote', withLogin(reading.url, 'ann:p%40ss')])
    expect({ remote, keys: items.length }).toStrictEqual({ remote: reading.url, keys: 1 })
    const env = { DW_TOKEN: 'p@ss' }
    await reading.json(['locks', '--remote', withLogin(reading.url, 'ann')], { env })
    // a password in the URL that is not taken leaves the token
    await reading.json(['locks', '--remote', withLogin(reading.url, 'ann:wrong')], { env })
    expect(reading.server.seen[0]?.authorization).toBeUndefined()
  })

  test('without a user name in the URL, the token goes with one that hosts take', async ({ open }) => {
    const reading = await open(tokenOnly)
    await reading.sandbox.dw(['new'], ANNA)
    expect((await reading.dw(['status', '--remote', reading.url], TOKEN)).status).toBe(0)
  })

  test('none and wrong ones are told apart, and never printed', async ({ open }) => {
    const reading = await open(tokenOnly)
    await reading.sandbox.dw(['new'], ANNA)
    const none = await reading.error(['locks', '--remote', reading.url])
    expect(none).toMatchObject({
      status: 128,
      code: 'DW_REMOTE',
      message: `"${reading.url}" wants credentials (401)`,
    })
    expect(none.hints[0]).toContain('DW_TOKEN')
    const args = ['locks', '--remote', withLogin(reading.url, 'ann:hush%40hush')]
    for (const json of [[], ['--json']]) {
      const { stderr, status } = await reading.dw([...args, ...json], { env: { DW_TOKEN: 'hush-hush' } })
      expect(status).toBe(128)
      expect(stderr).toContain('does not take these credentials (401)')
      expect(stderr).not.toMatch(/hush|ann/)
    }
  })
})

/** A test with a server that answers everything by `answer`. */
const answered =
  (answer: (request: IncomingMessage, response: ServerResponse) => void) =>
  async (
    open: (
      server: RunningServer,
      error: (url?: string, options?: RunOptions) => Promise<Ended>,
    ) => Promise<void>,
  ) => {
    const sandbox = new Sandbox()
    const server = await serve(answer)
    try {
      await open(server, async (url = `${server.url}/o/r.git`, options = {}) => {
        const { stderr, status } = await awayFromGit(sandbox, ['locks', '--remote', url, '--json'], options)
        return { status, ...JSON.parse(stderr).error }
      })
    } finally {
      await server.close()
      sandbox.dispose()
    }
  }

interface Ended {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly hints: readonly string[]
}

const advertisement = (response: ServerResponse, text: string): unknown =>
  response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' }).end(text)
const line = (text: string) => (text.length + 4).toString(16).padStart(4, '0') + text
const VERSION_2 = `${line('# service=git-upload-pack\n')}0000${line('version 2\n')}${line('ls-refs\n')}${line('fetch=shallow\n')}0000`
const page = (text: string) => (_: IncomingMessage, response: ServerResponse) =>
  void response.writeHead(200, { 'content-type': 'text/html' }).end(text)

const advertised = (text: string) => (_: IncomingMessage, response: ServerResponse) =>
  void advertisement(response, text)

describe('what is wrong is said clearly', () => {
  test.for([
    [203, 128, 'DW_REMOTE', 'wants credentials (203)'],
    [403, 128, 'DW_REMOTE', 'may not be read by you (403)'],
    [404, 128, 'DW_REMOTE', 'is not there (404)'],
    [418, 128, 'DW_REMOTE', 'gives an answer that git has no use for (418)'],
    [429, 75, 'DW_OFFLINE', 'cannot answer now (429)'],
    [503, 75, 'DW_OFFLINE', 'cannot answer now (503)'],
  ] as const)('status %i', async ([status, exit, code, words]) => {
    await answered((_, response) => void response.writeHead(status).end('x'.repeat(100_000)))(
      async (server, error) => {
        const found = await error()
        expect(found).toMatchObject({ status: exit, code, message: `"${server.url}/o/r.git" ${words}` })
        expect(found.hints.length).toBeGreaterThan(0)
      },
    )
  })

  test.for([
    ['a page', page('<html>Sign in</html>'), 'DW_REMOTE', 'is no git repository'],
    ['a server of files', page(`${'a'.repeat(40)}\trefs/heads/main\n`), 'DW_REMOTE', "git's dumb protocol"],
    ['an empty advertisement', advertised(''), 'DW_OFFLINE', 'broke off'],
    ['half an advertisement', advertised(VERSION_2.slice(0, 50)), 'DW_OFFLINE', 'broke off'],
    ['an advertisement without its end', advertised(VERSION_2.slice(0, -4)), 'DW_OFFLINE', 'broke off'],
    ['an advertisement of noise', advertised('zzzz\0\0\0'), 'DW_REMOTE', 'is no git repository'],
    ['an advertisement of nothing', advertised('0000'), 'DW_REMOTE', 'is no git repository'],
    ['a refusal', advertised(line('ERR closed for repairs\n')), 'DW_REMOTE', 'closed for repairs'],
  ] as const)('%s', async ([, answer, code, words]) => {
    await answered(answer)(async (_, error) => {
      expect(await error()).toMatchObject({ code, message: expect.stringContaining(words) })
    })
  })

  test('half a list of refs is not taken for a whole one', async () => {
    await answered((request, response) => {
      if (request.method === 'GET') return void advertisement(response, VERSION_2)
      response.end(line(`${'a'.repeat(40)} refs/dw/meta\n`))
    })(async (_, error) => {
      expect(await error()).toMatchObject({ status: 75, code: 'DW_OFFLINE' })
    })
  })

  test('a server that says what it will not do is quoted', async () => {
    let posts = 0
    const refs = `${line(`${'a'.repeat(40)} refs/dw/meta\n`)}0000`
    await answered((request, response) => {
      if (request.method === 'GET') return void advertisement(response, VERSION_2)
      posts += 1
      response.end(posts === 1 ? refs : line('ERR \u001b[2Jnot our ref\n'))
    })(async (_, error) => {
      const { code, message } = await error()
      expect({ code, message }).toMatchObject({
        code: 'DW_REMOTE',
        message: expect.stringContaining('not our ref'),
      })
    })
  })

  test('a connection that breaks off in an answer', async () => {
    await answered((_, response) => {
      response.writeHead(200, {
        'content-type': 'application/x-git-upload-pack-advertisement',
        'content-length': 1000,
      })
      response.write(VERSION_2, () => response.destroy())
    })(async (_, error) => {
      expect(await error()).toMatchObject({
        status: 75,
        code: 'DW_OFFLINE',
        message: expect.stringContaining('broke off'),
      })
    })
  })

  test('a pack that ends early, and one that is none', async () => {
    for (const answer of [line('packfile\n'), `${line('packfile\n')}${line('\u0001PACKnonsense')}0000`]) {
      let posts = 0
      await answered((request, response) => {
        if (request.method === 'GET') return void advertisement(response, VERSION_2)
        posts += 1
        response.end(posts === 1 ? `${line(`${'a'.repeat(40)} refs/dw/meta\n`)}0000` : answer)
      })(async (_, error) => {
        const { code, message } = await error()
        expect(code).toBe(answer.endsWith('0000') ? 'DW_REMOTE' : 'DW_OFFLINE')
        expect(message).toMatch(/cannot be read|broke off/)
      })
    }
  })

  test('an answer without an end is not kept in memory', async () => {
    await answered((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' })
      const block = Buffer.alloc(1024 * 1024)
      const more = () => {
        while (!response.destroyed && response.write(block));
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    })(async (_, error) => {
      expect(await error()).toMatchObject({
        code: 'DW_REMOTE',
        message: expect.stringContaining('over 32 MiB'),
      })
    })
  })

  test('nobody listens there, and the host does not exist', async () => {
    await answered(() => undefined)(async (server, error) => {
      await server.close()
      expect(await error()).toMatchObject({
        status: 75,
        code: 'DW_OFFLINE',
        message: expect.stringContaining('ECONNREFUSED'),
      })
      expect(await error('https://host.invalid/r.git')).toMatchObject({ status: 75, code: 'DW_OFFLINE' })
    })
  })

  test('a server that does not answer in time', async () => {
    await answered(() => undefined)(async (server) => {
      const { readRecords } = await import(READER)
      await expect(readRecords(server.url, { timeout: 0.2 })).rejects.toMatchObject({
        code: 'DW_OFFLINE',
        message: `"${server.url}" has not answered in full within 0.2s`,
      })
      const controller = new AbortController()
      const reading = readRecords(server.url, { signal: controller.signal })
      controller.abort(new Error('enough'))
      await expect(reading).rejects.toThrow('enough')
    })
  })

  test('an interrupt ends the waiting for an answer', async ({ sandbox }) => {
    let child: ReturnType<Sandbox['start']> | undefined
    await answered(() => void child?.kill('SIGINT'))(async (server) => {
      const [program, ...first] = PROGRAM
      child = sandbox.start(program, [...first, 'locks', '--remote', server.url, '--json'])
      const { status, stderr } = await ended(child)
      expect(status).toBe(130)
      expect(JSON.parse(stderr).error.code).toBe('DW_INTERRUPTED')
    })
  })

  test('a repository without records', async ({ reading }) => {
    const found = await reading.error(['locks', '--remote', reading.url])
    expect(found).toMatchObject({ status: 1, code: 'DW_NOT_FOUND', remote: reading.url })
    expect(found.message).toContain('no refs/dw')
    expect(found.hints[0]).toContain('git dw share')
  })

  test('a server that knows only the older protocol', async ({ open }) => {
    const reading = await open({ noVersion2: true })
    await reading.sandbox.dw(['new'], ANNA)
    const found = await reading.error(['locks', '--remote', reading.url])
    expect(found).toMatchObject({ status: 128, code: 'DW_REMOTE' })
    expect(found.message).toContain('version 2')
  })

  test('a SHA-256 repository', async ({ open }) => {
    const reading = await open({}, ['--object-format=sha256'])
    await reading.sandbox.dw(['new'], ANNA)
    const found = await reading.error(['locks', '--remote', reading.url])
    expect(found).toMatchObject({ status: 128, code: 'DW_REMOTE' })
    expect(found.message).toContain('sha256')
  })

  test.for([
    ['origin', 'is no https URL', 'in a clone'],
    ['git@example.com:o/r.git', 'is no https URL', 'https://example.com/o/r.git'],
    ['ssh://git@example.com/o/r.git', 'is no https URL', 'https://example.com/o/r.git'],
    ['/srv/r.git', 'is no https URL', 'https://'],
    ['http://example.com/r.git', 'plain http', 'use https'],
    ['https://example.com/r?token=hush', 'there is a "?"', 'clones from'],
    ['https://ann:hush@exa mple.com/r', 'is no https URL', 'https://'],
    ['https://ann:hu@sh@[::1/r', 'is no https URL', 'https://'],
  ] as const)('%s is no URL to read', async ([url, words, hint]) => {
    await answered(() => undefined)(async (_, error) => {
      const found = await error(url)
      expect(found).toMatchObject({ status: 129, code: 'DW_USAGE' })
      expect(found.message).toContain(words)
      expect(found.hints[0]).toContain(hint)
      expect(JSON.stringify(found)).not.toMatch(/hush|hu@sh/)
    })
  })
})

describe('redirects', () => {
  const redirect = (to: () => string) => (request: IncomingMessage, response: ServerResponse) => {
    if (!request.url?.startsWith('/old')) return false
    response.writeHead(301, { location: `${to()}${request.url.slice('/old'.length)}` }).end()
    return true
  }

  test('on one host keep the credentials, and what follows goes to the new address', async ({ open }) => {
    const reading = await open({ login: 'ann:pw', first: redirect(() => '') })
    await reading.sandbox.dw(['claim', 'src'], ANNA)
    const url = withLogin(reading.url, 'ann:pw').replace('/repo', '/old/repo')
    expect((await reading.json(['locks', '--remote', url])).items).toHaveLength(1)
    expect(
      reading.server.seen.filter(({ method }) => method === 'POST').map(({ path }) => path),
    ).toStrictEqual(['/repo/.git/git-upload-pack', '/repo/.git/git-upload-pack'])
  })

  test('to another host carry no credentials', async ({ open, onTestFinished }) => {
    const reading = await open()
    await reading.sandbox.dw(['claim', 'src'], ANNA)
    const first = await serve((request, response) => {
      if (request.headers.authorization !== basic('ann:pw')) return void response.writeHead(401).end()
      response.writeHead(302, { location: `${reading.server.url}${request.url}` }).end()
    })
    onTestFinished(() => first.close())
    const url = `${withLogin(first.url, 'ann:pw')}/repo/.git`
    expect((await reading.json(['locks', '--remote', url], TOKEN)).items).toHaveLength(1)
    expect(first.seen.at(-1)?.authorization).toBe(basic('ann:pw'))
    expect(reading.server.seen.map(({ authorization }) => authorization)).toStrictEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test('to another host that wants credentials end there, and it is named', async ({
    open,
    onTestFinished,
  }) => {
    const reading = await open({ login: 'ann:pw' })
    const first = await serve((request, response) => {
      response.writeHead(302, { location: `${reading.server.url}${request.url}` }).end()
    })
    onTestFinished(() => first.close())
    const found = await reading.error(
      ['locks', '--remote', `${withLogin(first.url, 'ann:pw')}/repo/.git`],
      TOKEN,
    )
    expect(found).toMatchObject({ status: 128, code: 'DW_REMOTE' })
    expect(found.message).toContain(`leads to "${reading.url}"`)
    expect(reading.server.seen.map(({ authorization }) => authorization)).toStrictEqual([undefined])
  })

  test('on and on, to no address, out of https, or to where no git answers are told', async () => {
    for (const [location, words] of [
      ['/again/info/refs?service=git-upload-pack', 'on and on'],
      ['http://[', 'no address'],
      ['http://example.com/r.git/info/refs?service=git-upload-pack', 'without https'],
      ['ftp://example.com/r.git', 'without https'],
    ] as const) {
      await answered((_, response) => void response.writeHead(302, { location }).end())(async (_, error) => {
        const found = await error()
        expect(found).toMatchObject({ status: 128, code: 'DW_REMOTE' })
        expect(found.message).toContain(words)
      })
    }
  })
})

test('a certificate that is not trusted is refused, and one of a known authority is taken', async ({
  sandbox,
  onTestFinished,
}) => {
  const file = (name: string) => join(sandbox.root, name)
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=127.0.0.1',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-keyout',
      file('key'),
      '-out',
      file('cert'),
    ],
    { stdio: 'ignore' },
  )
  const tls = { key: readFileSync(file('key'), 'utf8'), cert: readFileSync(file('cert'), 'utf8') }
  const server = await serveGit(sandbox, { tls })
  onTestFinished(() => server.close())
  const reading = new Reading(sandbox, server)
  await sandbox.dw(['claim', 'src'], ANNA)
  const found = await reading.error(['locks', '--remote', reading.url])
  expect(found).toMatchObject({ status: 128, code: 'DW_REMOTE' })
  expect(found.message).toContain('certificate that is not trusted')
  expect(found.hints[0]).toContain('NODE_EXTRA_CA_CERTS')
  const env = { NODE_EXTRA_CA_CERTS: file('cert') }
  const { remote, items } = await reading.json(['locks', '--remote', reading.url], { env })
  expect(remote).toMatch(/^https:/)
  expect(items).toHaveLength(1)
})
