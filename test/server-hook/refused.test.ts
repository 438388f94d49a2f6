import { chmodSync, copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { active, type Clone, dropPreparedHubs, Hub } from '../share/hub.ts'
import { TRANSPORT } from '../transports/transport.ts'
import { HOOK } from './guarded.ts'

let hub: Hub
let anna: Clone
let ben: Clone
/** Anna, who holds src and the task T; Ben holds lib. */
let session: string
const LOCK = 'refs/dw/locks/path/docs'
const HELD = 'refs/dw/locks/path/src'

beforeAll(async () => {
  hub = await Hub.create()
  mkdirSync(join(hub.path, 'hooks'), { recursive: true })
  copyFileSync(HOOK, join(hub.path, 'hooks/pre-receive'))
  anna = await hub.clone('anna')
  ben = await hub.clone('ben')
  session = (await anna.json(['claim', 'src'])).session
  await anna.json(['claim', '--task', 'T'])
  await ben.json(['claim', 'lib'])
  await ben.json(['sync'])
  await ben.git(['checkout', '--quiet', '--detach'])
})
afterAll(async () => {
  hub.sandbox.dispose()
  await dropPreparedHubs()
})

async function blob(content: string | object): Promise<string> {
  const input = typeof content === 'string' ? content : `${JSON.stringify(content)}\n`
  return ben.git(['hash-object', '-w', '--stdin'], { input })
}

/** A record as it stands at the hub, with some fields changed; undefined removes one. */
async function altered(ref: string, fields: object): Promise<string> {
  return blob({ ...(await hub.record(ref)), ...fields })
}

/** Ben's lock on docs, as the program would write it but for these fields; his session comes along, moved. */
async function bensLock(fields: object = {}): Promise<string[]> {
  const mine = active((await hub.record('refs/dw/locks/path/lib')).session)
  const { fence } = await hub.record(mine)
  const lock = await altered('refs/dw/locks/path/lib', { key: 'docs', ...fields })
  return [`${lock}:${LOCK}`, `+${await altered(mine, { fence: fence + 1 })}:${mine}`]
}

async function commitOf(path: string): Promise<string> {
  await ben.git(['checkout', '--quiet', '--detach', 'origin/main'])
  return ben.commit(path)
}

/** What is pushed by git alone, and what its author is told; `SESSION` stands for Anna's. */
const RULES: readonly (readonly [string, () => Promise<readonly string[]>, string])[] = [
  [
    'a record that is no JSON',
    async () => [`${await blob('not json\n')}:${LOCK}`],
    `"${LOCK}" is not the JSON that`,
  ],
  ['a record that is a commit', async () => [`HEAD:${LOCK}`], `"${LOCK}" is a commit, not a blob`],
  ['a record that is a tree', async () => [`HEAD^{tree}:${LOCK}`], `"${LOCK}" is a tree, not a blob`],
  [
    'a record that is too large',
    async () => [`${await blob('x'.repeat(70_000))}:${LOCK}`],
    `"${LOCK}" is too large`,
  ],
  ['a record of a version to come', () => bensLock({ v: 2 }), `"${LOCK}" `],
  ['a record with a field that is missing', () => bensLock({ owner: undefined }), `"${LOCK}" `],
  ['a record with the key of another ref', () => bensLock({ key: 'other' }), `"${LOCK}" `],
  [
    'a record with a raw escape',
    async () => [`${await blob('{"key":"\u001b[2J"}\n')}:${LOCK}`],
    `"${LOCK}" `,
  ],
  [
    'a log with a line that is no event',
    async () => [`${await blob('{}\n')}:refs/dw/log/sess-x`],
    'has a line 1 that is',
  ],
  [
    'a name that git dw does not write',
    async () => [`HEAD:refs/dw/other`],
    '"refs/dw/other" is no name that this',
  ],
  [
    'a lock without its session',
    async () => [(await bensLock())[0] ?? ''],
    `"${LOCK}" comes without the record`,
  ],
  [
    'a lock taken without a word to its holder',
    async () => {
      const [, moved = ''] = await bensLock()
      const mine = moved.split(':')[1] ?? ''
      const holder = (await hub.record(mine)).id
      return [moved, `+${await altered(HELD, { session: holder })}:${HELD}`]
    },
    `"${HELD}" is held by SESSION (ann@`,
  ],
  ['a lock of another deleted', async () => [`:${HELD}`], `"${HELD}" is held by SESSION (ann@`],
  ['a session deleted that holds locks', async () => [`:${active(session)}`], 'is deleted, and still holds'],
  [
    'a session that goes back',
    async () => [`+${await altered(active(session), { fence: 0 })}:${active(session)}`],
    'goes back: it is older',
  ],
  ['the meta record deleted', async () => [':refs/dw/meta'], '"refs/dw/meta" is not deleted'],
  [
    'a branch that touches what is held',
    async () => [`${await commitOf('src/new.ts')}:refs/heads/ben`],
    '"src/new.ts" is held by SESSION (ann@',
  ],
  [
    'a branch of a task that is held',
    async () => [`${await commitOf('free.ts')}:refs/heads/feature/T`],
    'branch "feature/T" is held by SESSION (ann@',
  ],
  [
    'a branch under a lock that cannot be read',
    async () => {
      // it was there before the hook
      const damage = await hub.git(['hash-object', '-w', '--stdin'], 'not json\n')
      await hub.git(['update-ref', 'refs/dw/locks/path/damaged', damage])
      return [`${await commitOf('damaged/file.ts')}:refs/heads/ben`]
    },
    '"damaged/file.ts" is locked by "refs/dw/locks/path/damaged", which',
  ],
]

describe(`a server with the hook, over ${TRANSPORT}, tells whoever pushes`, () => {
  test.for(RULES)('%s', async ([, pushed, said]) => {
    const specs = await pushed()
    const before = await hub.refs('refs/')
    const args = ['push', '--atomic', '--porcelain', hub.url, ...specs]
    const { status, stdout, stderr } = await hub.sandbox.run('git', args, { cwd: ben.path })
    const told = stderr.split('\n').filter((line) => line.startsWith('remote: git dw: '))
    expect(told.join('\n')).toContain(said.replace('SESSION', session))
    expect(told.join('\n')).toMatch(/^[ -~\n]+$/)
    expect(status).toBe(1)
    for (const spec of specs) {
      const ref = spec.split(':')[1] ?? ''
      expect(stdout).toMatch(new RegExp(`^!\\t[^\\n]*:${ref}\\t\\[remote rejected\\]`, 'm'))
    }
    expect(await hub.refs('refs/')).toStrictEqual(before)
  })

  test('who uses git dw, too, in the words of the hook', async () => {
    const hook = join(hub.path, 'hooks/pre-receive')
    hub.hook('pre-receive', "echo 'git dw: the hook of this server is older' >&2; exit 1")
    const before = await hub.refs('refs/')
    const claimed = await ben.dw(['claim', 'docs'])
    expect(claimed.stderr).toContain(
      '"origin" refuses the change: remote: git dw: the hook of this server is older',
    )
    expect(claimed.status).toBe(128)
    // also where more waits to go out, and is refused as well
    await ben.json(['heartbeat', '--force'])
    const again = await ben.dw(['claim', 'docs'])
    expect(again.stderr).toContain('"origin" refuses the change')
    expect(again.status).toBe(128)
    const synced = await ben.json(['sync'])
    expect(synced.sent).toStrictEqual([])
    const commit = await commitOf('lib/new.ts')
    const pushed = await ben.dw(['push', 'origin', `${commit}:refs/heads/ben`])
    expect(pushed.stderr).toContain('remote: git dw: the hook of this server is older')
    expect(pushed.status).toBe(128)
    expect(await hub.refs('refs/')).toStrictEqual(before)
    copyFileSync(HOOK, hook)
    chmodSync(hook, 0o755)
    expect((await ben.dw(['claim', 'docs'])).status).toBe(0)
  })
})
