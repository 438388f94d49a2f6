import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { TRANSPORT } from '../transports/transport.ts'
import { active, type Hub } from './hub.ts'
import { test } from './hub-test.ts'

/** When a push that is held is given up: late enough for a login, and for another's whole claim. */
const [SHORT, LONGER] = TRANSPORT === 'file' ? ['2s', '3s'] : ['5s', '10s']

describe('a server', () => {
  test('that takes a push whose answer is lost has taken it: the claim finds out', async ({ hub }) => {
    const anna = await hub.clone('anna')
    // the server does what it was told, and dies before it says so
    hub.hook('post-receive', 'kill -9 $PPID')
    expect((await anna.dw(['claim', 'src'])).status).toBe(0)
    expect(await hub.refs('refs/dw/locks')).toHaveLength(1)
    expect(await anna.refs()).toStrictEqual(await hub.refs())
  })

  test('whose answer to a sync is lost is asked; one that is gone for good leaves it open', async ({
    hub,
  }) => {
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['init'])
    hub.hook('post-receive', 'kill -9 $PPID')
    expect((await anna.json(['sync'])).sent).toContain(active(session))
    expect(await anna.refs()).toStrictEqual(await hub.refs())
    await anna.json(['claim', '--offline', 'src'])
    hub.hook('pre-receive', `mv "${hub.path}" "${hub.path}.away"; kill -9 $PPID`)
    const outcome = await anna.dw(['sync', '--json'])
    expect(JSON.parse(outcome.stderr).error.code).toBe('DW_UNKNOWN_OUTCOME')
    expect(outcome.status).toBe(75)
  })
})

describe('a claim whose session is ended here while its push is answered by nobody', () => {
  test('is refused, and the lock that it had at the remote goes with the session', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    const { session } = await anna.json(['init'])
    // all but the log lands, and the server dies; meanwhile another process ends the session, without the remote
    const once = join(hub.path, 'once')
    const shell = environmentOf(hub, 'anna')
    hub.hook(
      'reference-transaction',
      `[ "$1" = committed ] && grep -q refs/dw/locks/ && mkdir "${once}" || exit 0
git update-ref -d refs/dw/log/${session.toLowerCase()}
(cd "${anna.path}" && ${shell} git -c remote.origin.pushurl=file:///nowhere dw end) >"${once}/said" 2>&1
kill -9 $PPID`,
    )
    const claim = await anna.dw(['claim', 'src', '--session', session, '--json'])
    expect(readFileSync(join(once, 'said'), 'utf8')).toContain('cannot be reached')
    expect(JSON.parse(claim.stderr).error.code).toBe('DW_NOT_FOUND')
    expect(await hub.refs('refs/dw/locks')).toStrictEqual([])
    await anna.json(['sync'])
    expect(await anna.refs()).toStrictEqual(await hub.refs())
    expect((await ben.dw(['claim', 'src'])).status).toBe(0)
  })
})

describe('a claim that lands in part twice, and is refused then', () => {
  test.for([
    { what: 'leaves no lock', before: [], left: ['b'] },
    { what: 'leaves the lock that its session had', before: ['a'], left: ['a', 'b'] },
  ])('$what', async ({ before, left }, { hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.json(['init'])
    for (const key of before) await anna.json(['claim', key, '--ttl', '1h'])
    // all but the lock on b lands, and the server dies; the second time another clone takes b meanwhile
    const times = join(hub.path, 'time-')
    const shell = environmentOf(hub, 'ben')
    hub.hook(
      'reference-transaction',
      `[ "$1" = committed ] && grep -q refs/dw/locks/path/a || exit 0
mkdir "${times}1" || mkdir "${times}2" || exit 0
git update-ref -d refs/dw/locks/path/b
[ ! -e "${times}2" ] || (cd "${ben.path}" && ${shell} git dw claim b) >"${times}2/said" 2>&1
kill -9 $PPID`,
    )
    const claim = await anna.dw(['claim', 'a', 'b', '--ttl', '2h', '--json'])
    expect(readFileSync(`${times}2/said`, 'utf8')).toContain('b')
    expect(JSON.parse(claim.stderr).error.code).toBe('DW_LOCKED')
    const names = async (refs: Promise<string[]>) => (await refs).map((line) => line.split(/[ /]/)[4])
    expect(await names(hub.refs('refs/dw/locks'))).toStrictEqual(left)
    await anna.json(['sync'])
    expect(await anna.refs()).toStrictEqual(await hub.refs())
  })
})

describe('a claim whose lock, which it takes over, lands without its session, of which the remote has never heard', () => {
  const LATER = '+30h'

  /**
   * Anna's lock on a has expired, and Ben, who knows that, claims it. Git writes what is there, Anna's record
   * and the lock, before what is new, Ben's session and the rest: that far it comes, then `more` is done.
   */
  async function half(hub: Hub, { more = 'true', held = ['a'] } = {}) {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.json(['claim', ...held, '--ttl', '1m'])
    await ben.json(['sync'])
    const known = (await hub.refs()).map((line) => line.split(' ')[0])
    hub.hook(
      'reference-transaction',
      `[ "$1" = committed ] && grep -q 'refs/dw/locks/.*/a' && mkdir "${join(hub.path, 'once')}" || exit 0
for ref in $(git for-each-ref --format='%(refname)' refs/dw); do
  case " ${known.join(' ')} " in *" $ref "*) ;; *) git update-ref -d "$ref" ;; esac
done
${more}
kill -9 $PPID`,
    )
    const claim = (words: readonly string[], env: Record<string, string> = {}) =>
      ben.dw(['claim', ...words, '--json'], { env: { DW_TEST_CLOCK: LATER, ...env } })
    return { ben, claim }
  }

  test('is made anew, with its session', async ({ hub }) => {
    const { ben, claim } = await half(hub)
    const outcome = await claim(['a', 'b'])
    expect(outcome.status, outcome.stderr).toBe(0)
    expect(await hub.refs('refs/dw/locks')).toHaveLength(2)
    expect(await ben.refs()).toStrictEqual(await hub.refs())
  })

  test.for([
    ['a session that starts with it', []],
    ['one that has started before', ['new', '--json']],
  ] as const)('makes its branch and its worktree, too: %s', async ([, start], { hub }) => {
    const { ben, claim } = await half(hub, { held: ['--task', 'a', '--no-worktree'] })
    const env = start.length === 0 ? {} : { DW_SESSION: (await ben.json([...start])).session as string }
    const outcome = await claim(['--task', 'a'], env)
    expect(outcome.status, outcome.stderr).toBe(0)
    const { session, worktree, keys } = JSON.parse(outcome.stdout)
    expect(keys).toMatchObject([{ already: false }])
    expect(await ben.git(['rev-parse', worktree.branch])).toBe(await ben.git(['rev-parse', 'HEAD']))
    const record = await hub.record(active(session))
    expect(record).toMatchObject({ task: 'a', worktree: { branch: worktree.branch } })
    expect(await ben.refs()).toStrictEqual(await hub.refs())
  })

  test('leaves no lock where it is refused then', async ({ hub }) => {
    const cleo = await hub.clone('cleo')
    const shell = `${environmentOf(hub, 'cleo')} DW_TEST_CLOCK=${LATER}`
    const { ben, claim } = await half(hub, { more: `(cd '${cleo.path}' && ${shell} git dw claim b) >&2` })
    expect(JSON.parse((await claim(['a', 'b'])).stderr).error.code).toBe('DW_LOCKED')
    const names = (await hub.refs('refs/dw/locks')).map((line) => line.split(' ')[0])
    expect(names).toStrictEqual(['refs/dw/locks/path/b'])
    await ben.json(['sync'])
    expect(await ben.refs()).toStrictEqual(await hub.refs())
  })
})

/** The first words of a shell command that is to run in the environment of `agent`'s commands. */
function environmentOf(hub: Hub, agent: string): string {
  const variables = Object.entries(hub.sandbox.env({ agent })).flatMap(([name, value]) =>
    value === undefined ? [] : `'${name}=${value.replaceAll("'", "'\\''")}'`,
  )
  return `env -i ${variables.join(' ')}`
}

/** The first push that moves `session` waits in the server until `goOn` is there, and makes `came`; all others pass. */
function holdOnePush(hub: Hub, session: string): { readonly came: string; readonly goOn: string } {
  const [came, goOn] = [join(hub.path, 'came'), join(hub.path, 'go-on')]
  hub.hook(
    'pre-receive',
    `grep -q "${active(session)}" || exit 0
mkdir "${came}" 2>/dev/null || exit 0
while [ ! -e "${goOn}" ]; do sleep 0.05; done`,
  )
  return { came, goOn }
}

describe('a push that is killed while the hook of the server still runs', () => {
  test('is dead before the claim is decided: it lands nothing later', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    const { session } = await anna.json(['init'])
    await anna.json(['sync'])
    const { came, goOn } = holdOnePush(hub, session)
    await anna.git(['config', 'dw.remoteTimeout', SHORT])
    const outcome = await anna.dw(['claim', 'src'])
    // the lost push lost its session to a move of ours, so the claim was made anew
    expect(outcome.status, outcome.stderr).toBe(0)
    const locks = await hub.refs('refs/dw/locks')
    expect(locks).toHaveLength(1)
    await anna.json(['release', 'src'])
    expect((await ben.dw(['claim', 'src'])).status).toBe(0)
    const before = await hub.refs()
    writeFileSync(goOn, '')
    await hub.isLeft()
    rmSync(came, { recursive: true })
    expect(await hub.refs()).toStrictEqual(before)
  })

  test('and a claim that was refused meanwhile leaves no lock later', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    const { session } = await anna.json(['init'])
    await anna.json(['sync'])
    const { came, goOn } = holdOnePush(hub, session)
    await anna.git(['config', 'dw.remoteTimeout', LONGER])
    const claim = anna.dw(['claim', 'src'])
    while (!existsSync(came)) await sleep(20)
    const winner = await ben.json(['claim', 'src'])
    const outcome = await claim
    expect(outcome.status).toBe(1)
    expect(outcome.stderr).toContain(winner.session)
    await ben.json(['release', 'src'])
    writeFileSync(goOn, '')
    await hub.isLeft()
    expect(await hub.refs('refs/dw/locks')).toStrictEqual([])
  })
})

describe('a sync whose push is killed while the hook of the server still runs', () => {
  test('moves the session first, so that nothing lands later', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['claim', '--offline', 'src'])
    const { goOn } = holdOnePush(hub, session)
    hub.hook('post-receive', `cat >>"${hub.path}/pushes"; echo >>"${hub.path}/pushes"`)
    await anna.git(['config', 'dw.remoteTimeout', SHORT])
    const report = await anna.json(['sync'])
    expect(report.sent).toContain('refs/dw/locks/path/src')
    const [killer = '', again = ''] = readFileSync(join(hub.path, 'pushes'), 'utf8').split('\n\n')
    // what killed the lost push is the session alone; only then all of it was sent anew
    expect(killer.split('\n').map((line) => line.split(' ')[2])).toStrictEqual([active(session)])
    expect(again).toContain('refs/dw/locks/path/src')
    await anna.json(['release', 'src'])
    const before = await hub.refs()
    writeFileSync(goOn, '')
    await hub.isLeft()
    expect(await hub.refs()).toStrictEqual(before)
    expect(await anna.refs()).toStrictEqual(before)
  })
})
