import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lockName, parseKey } from '../../src/domain/key.ts'
import type { Owner, SessionId } from '../../src/domain/record.ts'
import { canonicalJson, type DwRecord, encode } from '../../src/store/codec.ts'
import { activeRef, endedRef, lockRef, logRef, projectRef, resultRef } from '../../src/store/ref-names.ts'
import { gitFiles } from '../harness/files.ts'
import { dwHere } from '../harness/in-process.ts'
import { writeBlob, writeRef } from '../harness/loose-objects.ts'
import { type Outcome, Sandbox } from '../harness/sandbox.ts'
import { serveGit } from '../reader/git-server.ts'
import {
  fieldsOf,
  sampleEvent,
  sampleLock,
  sampleProject,
  sampleResult,
  sampleSession,
} from '../store/record-samples.ts'

/** Escapes, a title, a bell, C1 controls, bidi marks, separators, and a line that pretends to be ours. */
const EVIL =
  '\u001b[31m\u001b]0;owned\u0007\u009b2J\u0085\r\n\u2028git dw: all is well\u202e\u2066\u200f\ufeff\u0000$(touch owned)`touch owned`'
/** The same without controls, which a project's or a task's name cannot hold. */
const EVIL_NAME = 'x\u202e\u2066\u200f\u2028$(touch owned)'
const ACTING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/
const HOOKS = resolve(import.meta.dirname, '../../hooks')
const FAR = '9999-12-31T23:59:59.999Z'
const MINE = { agent: 'anna' }
const EVIL_ID = 'SESS-EEEEEEEEEE' as SessionId
const owner: Owner = { user: EVIL, host: EVIL, clone: EVIL, terminal: EVIL }
const worktree = { path: `/etc/${EVIL}`, branch: `-rf${EVIL}`, base: EVIL, createdAt: FAR }

/** Records that are sound by their form, and hold what could hurt wherever a text may stand. */
function soundButHostile(): [string, DwRecord][] {
  const paths = [
    'src',
    '../../x',
    '/etc/passwd',
    '-rf',
    `a/${EVIL}`,
    EVIL_NAME,
    '.git/hooks/pre-commit',
    '__proto__',
  ]
  const keys = [
    ...paths,
    `task:${EVIL_NAME}/${EVIL_NAME}`,
    'task:__proto__/constructor',
    `project:p${EVIL_NAME}`,
  ]
  const text = { why: EVIL, claim: EVIL, branch: `-rf${EVIL}`, base: EVIL, worktree: `/etc/${EVIL}` }
  const locks = keys.map((key): [string, DwRecord] => {
    const lock = sampleLock(key, { id: EVIL, session: EVIL_ID, owner, ttl: 315_360_000, ...text })
    return [lockRef(lockName(parseKey(key))), { ...lock, acquiredAt: FAR }]
  })
  const revoked = [{ key: `a/${EVIL}`, lock: 'a'.repeat(40) as never, by: EVIL, at: FAR, why: EVIL }]
  const session = sampleSession({
    ...{
      id: EVIL_ID,
      owner,
      project: EVIL,
      task: EVIL,
      worktree,
      pr: EVIL,
      endedBy: EVIL,
      endedAt: FAR,
      revoked,
    },
    ...{ createdAt: FAR, lastActivity: FAR, ttl: 315_360_000, fence: Number.MAX_SAFE_INTEGER },
  })
  const over = 'SESS-DDDDDDDDDD' as SessionId
  const result = sampleResult({
    project: EVIL_NAME,
    task: EVIL_NAME,
    id: EVIL,
    pr: EVIL,
    summary: EVIL,
    at: FAR,
  })
  return [
    ...locks,
    [activeRef(EVIL_ID), session],
    [endedRef(over), { ...session, id: over, status: 'ended' }],
    [
      projectRef(EVIL_NAME),
      sampleProject({ name: EVIL_NAME, path: `p/${EVIL}`, base: `-rf${EVIL}`, branch: EVIL }),
    ],
    [
      projectRef('here'),
      sampleProject({ name: 'here', path: 'src', base: `--upload-pack=${EVIL}`, branch: '../{task}' }),
    ],
    [resultRef(result), { ...result, branch: `-rf${EVIL}`, files: [`../../${EVIL}`, '/etc/passwd', '-rf'] }],
    [
      logRef(EVIL_ID),
      {
        kind: 'log',
        events: [
          sampleEvent({
            at: FAR,
            session: EVIL_ID,
            keys: [EVIL, '../../x'],
            by: EVIL,
            from: EVIL,
            why: EVIL,
          }),
          { ...sampleEvent(), event: EVIL as never },
        ],
      },
    ],
  ]
}

/** What is no record, by the last part of its ref. */
function noRecords(sandbox: Sandbox, objects: readonly string[]): [string, string][] {
  const gitDir = join(sandbox.repo, '.git')
  const sound = canonicalJson({ ...fieldsOf(sampleSession()), v: 1, rev: 1, nonce: 'n' })
  const texts = [
    ...['', '\0', EVIL, '[]', 'null', `${sound}${sound}`, `${'['.repeat(100_000)}`, '{"v":1e999}'],
    `{"v":1,"kind":"${'x'.repeat(100_000)}"}`,
    sound.replace(
      '"kind"',
      `"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"kind"`,
    ),
    sound.replace('"ttl":86400', `"ttl":${'9'.repeat(400)}`),
    sound.replace('"ttl":86400', '"ttl":-1e308'),
    sound.replace(/"lastActivity":"[^"]*"/, '"lastActivity":"+275760-09-13T00:00:00.000Z"'),
    `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
  ]
  const fuzzed = fc
    .sample(fc.tuple(fc.nat(sound.length), fc.string({ unit: 'binary', maxLength: 6 }), fc.nat(9)), {
      numRuns: 200,
      seed: 5,
    })
    .map(([at, put, cut]) => sound.slice(0, at) + put + sound.slice(at + cut))
  const ids = [...texts, ...fuzzed].map((text) => writeBlob(gitDir, text))
  const kinds = [
    'active',
    'ended',
    'log',
    'locks/path/junk',
    'locks/task',
    'projects',
    'results/p',
    'nothing',
  ]
  return [...ids, ...objects].map((oid, at): [string, string] => [
    `refs/dw/${kinds[at % kinds.length]}/j${at}`,
    oid,
  ])
}

const READING = [
  ...[
    ['status'],
    ['sessions'],
    ['sessions', '--all'],
    ['locks'],
    ['locks', 'src'],
    ['check', 'src', 'a', '-rf', 'free'],
  ],
  ...[
    ['log'],
    ['worktree', 'list'],
    ['project', 'list'],
    ['rescue', 'list'],
    ['doctor'],
    ['cleanup', '--dry-run'],
  ],
  ...[
    ['resume', EVIL_ID],
    ['hooks', 'status'],
    ['share', '--status'],
    ['log', '--limit', '5'],
  ],
]
const CHANGING = [
  ...[
    ['claim', 'src'],
    ['claim', 'src', 'free'],
    ['release', 'src'],
    ['claim', '--task', EVIL_NAME, '--project', EVIL_NAME],
  ],
  ...[
    ['claim', '--task', 'T', '--project', 'here'],
    ['end', EVIL_ID],
    ['worktree', 'create', EVIL_NAME],
  ],
  ...[
    ['worktree', 'remove', EVIL_NAME],
    ['hook', 'after', '--', 'post-checkout'],
    ['hook', 'pre-commit'],
  ],
]

describe('what others wrote into the records', () => {
  let sandbox: Sandbox
  let outside: string
  beforeAll(async () => {
    sandbox = await Sandbox.create()
    outside = join(sandbox.root, 'x')
    writeFileSync(outside, 'not ours\n')
    await sandbox.git(['tag', '-a', '-m', 'one', 'v1'])
    await sandbox.dw(['claim', 'mine'], MINE)
    const gitDir = join(sandbox.repo, '.git')
    const objects = (await sandbox.git(['rev-parse', 'HEAD', 'HEAD^{tree}', 'v1'])).split('\n')
    const sound = soundButHostile().map(([ref, record], at): [string, string] => [
      ref,
      writeBlob(gitDir, encode(record, { rev: 1, nonce: `n${at}` })),
    ])
    for (const [ref, oid] of [...sound, ...noRecords(sandbox, objects)]) writeRef(gitDir, ref, oid)
  })
  afterAll(() => sandbox.dispose())

  async function expectHarmless(args: readonly string[]): Promise<void> {
    const { stdout, stderr, status } = await dwHere(sandbox, args, MINE)
    expect(`${stdout}${stderr}`, args.join(' ')).not.toMatch(ACTING)
    expect(`${stdout}${stderr}`, args.join(' ')).not.toMatch(/^git dw: all is well|unforeseen/m)
    expect([0, 1, 2, 4, 128, 129], `${args.join(' ')}: ${stderr}`).toContain(status)
    expect({}).not.toHaveProperty('polluted')
  }

  /** Everything but what our own session wrote. */
  function others(): Map<string, string> {
    const files = [...gitFiles(sandbox)].filter(([name]) => !/^(?:dw\/|index|objects)|sess-[^de]/.test(name))
    return new Map(files)
  }

  test.each(READING.map((args) => [args.join(' '), args] as const))(
    'reaches no terminal and changes nothing: %s',
    async (_, args) => {
      const before = others()
      await expectHarmless(args)
      await expectHarmless([...args, '--json'])
      expect(others()).toStrictEqual(before)
    },
  )

  test('is shown, with what could act on a terminal as escapes', async () => {
    const { stdout } = await dwHere(sandbox, ['locks'], MINE)
    expect(stdout).toContain('\\u001b[31m')
    expect(stdout).toContain(EVIL_ID)
  })

  test('comes harmless out of the hooks, a sync, and the reader over HTTP', async () => {
    const said = async (outcome: Promise<Outcome>) => {
      const { stdout, stderr } = await outcome
      expect(`${stdout}${stderr}`).not.toMatch(ACTING)
      return `${stdout}${stderr}`
    }
    const head = await sandbox.git(['rev-parse', 'HEAD'])
    await said(sandbox.run('sh', [join(HOOKS, 'post-checkout'), head, head, '1'], MINE))
    const lines = { ...MINE, input: `refs/heads/main ${head} refs/heads/new ${'0'.repeat(40)}\n` }
    expect(await said(sandbox.run('sh', [join(HOOKS, 'pre-push'), 'origin', 'url'], lines))).toContain(
      EVIL_ID,
    )
    const clone = { ...MINE, cwd: join(sandbox.root, 'repo-clone') }
    await sandbox.git(['clone', '--quiet', `file://${sandbox.repo}`, clone.cwd])
    await said(sandbox.dw(['share'], clone))
    expect(await said(sandbox.dw(['locks'], clone))).toContain(EVIL_ID)
    const server = await serveGit(sandbox)
    try {
      expect(await said(sandbox.dw(['locks', '--remote', `${server.url}/repo/.git`]))).toContain(EVIL_ID)
    } finally {
      await server.close()
    }
  })

  test('is not acted on by commands that change something', async () => {
    // files of the repository can be others' as well
    symlinkSync(sandbox.root, join(sandbox.repo, 'link'))
    sandbox.write('.gitignore', 'link\nignored\n')
    sandbox.write('ignored', 'ours\n')
    sandbox.write('.worktreeinclude', '../x\n../../x\n/etc/passwd\nlink/**\nlink\nignored\n-rf\n')
    for (const args of CHANGING) await expectHarmless(args)
    expect(readFileSync(outside, 'utf8')).toBe('not ours\n')
    expect(existsSync(join(sandbox.repo, 'owned'))).toBe(false)
    // nothing beside what the sandbox has, and worktrees where they belong
    const made = readdirSync(sandbox.root).filter((name) => !['home', 'repo', 'x'].includes(name))
    expect(made.filter((name) => !name.startsWith('repo'))).toStrictEqual([])
    const config = readFileSync(join(sandbox.repo, '.git/config'), 'utf8')
    expect(config).not.toMatch(/[\u001b\u202e]/)
  })
})

describe('very many of them', () => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create()
    await sandbox.dw(['claim', 'mine'], MINE)
  })
  afterAll(() => sandbox.dispose())

  test('are named one by one only for a start, and all of them in JSON', async () => {
    const gitDir = join(sandbox.repo, '.git')
    const oid = writeBlob(gitDir, 'junk\n')
    const refs = Array.from(
      { length: 2000 },
      (_, at) => `${oid} refs/dw/active/j${String(at).padStart(4, '0')}\n`,
    )
    writeFileSync(
      join(gitDir, 'packed-refs'),
      `# pack-refs with: peeled fully-peeled sorted \n${refs.join('')}`,
    )
    for (const args of [['status'], ['sessions'], ['doctor'], ['cleanup', '--dry-run']]) {
      const { stdout, stderr } = await dwHere(sandbox, args, MINE)
      const lines = `${stdout}${stderr}`.split('\n')
      expect(lines.length, args.join(' ')).toBeLessThan(110)
      expect(
        lines.filter((line) => /… and 1,98\d more/.test(line)),
        args.join(' '),
      ).toHaveLength(1)
      const json = JSON.parse((await dwHere(sandbox, [...args, '--json'], MINE)).stdout)
      expect(JSON.stringify(json).match(/active\/j\d{4}\b/g)?.length, args.join(' ')).toBeGreaterThanOrEqual(
        2000,
      )
    }
    writeFileSync(join(gitDir, 'packed-refs'), '')
  })

  test('of 10 MB each are not taken into memory, and are named', async () => {
    const gitDir = join(sandbox.repo, '.git')
    const body = Buffer.alloc(10_000_000, 'x')
    for (let at = 0; at < 16; at += 1) {
      body.write(`{"v":1,"kind":"session","at":${String(at).padStart(2, '0')},"x":"`)
      writeRef(gitDir, `refs/dw/active/big${at}`, writeBlob(gitDir, body))
    }
    const noted = join(sandbox.root, 'memory')
    const script = join(sandbox.root, 'memory.mjs')
    writeFileSync(
      script,
      `import { writeFileSync } from 'node:fs'
process.on('exit', () => writeFileSync(${JSON.stringify(noted)}, String(process.resourceUsage().maxRSS / 1024)))\n`,
    )
    for (const args of [['status'], ['doctor']]) {
      const env = { DW_BUILD: 'node', NODE_OPTIONS: `--import ${script}` }
      const { stdout, stderr } = await sandbox.dw(args, { ...MINE, env })
      expect(`${stdout}${stderr}`).toMatch(/"refs\/dw\/active\/big0" is larger than any record/)
      expect(Number(readFileSync(noted, 'utf8')), args.join(' ')).toBeLessThan(200)
    }
  })
})
