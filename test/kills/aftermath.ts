import { expect } from 'vitest'
import { dwHere, type Ending } from '../harness/in-process.ts'
import type { Sandbox } from '../harness/sandbox.ts'
import { GroundTruth, type TrueSession } from './ground-truth.ts'
import type { Cast, Operation } from './operations.ts'

/** One state that a kill has left, and what is to be said when a command does not go on from it. */
export interface Scene {
  readonly sandbox: Sandbox
  readonly operation: Operation
  readonly round: string
  readonly cast: Cast
  readonly words: readonly string[]
  /** The holder's session and the killed one's before the command, where there were any. */
  readonly sessions: { readonly holder?: string; readonly killed?: string }
  /** Where it was killed. */
  readonly moment: string
}

/** When every lease of a lock is over, and no session's. */
const LATER = '+8h'

/** Somebody else comes: sees, is refused by name or gets the keys at once, by the rules, and releases them. */
export async function othersGoOn(scene: Scene): Promise<void> {
  const { sandbox, operation, round, moment } = scene
  const locks = operation.locks(round)
  const other = { agent: `other-${round}` }
  await succeeds(scene, 'status', other)
  const left = await GroundTruth.of(sandbox)
  expect(left.collisions(), moment).toEqual([])
  // what a killed claim with an expired lock renewed is judged by the same clock
  const inTheWay = left.inTheWay(locks, Date.now() + (operation.clock === undefined ? 0 : 3 * 3_600_000))
  const now = operation.clock === undefined ? {} : { clock: operation.clock }
  const first = await dwHere(sandbox, operation.claim(round), { ...other, ...now })
  expect(first.status, `${moment}: ${first.stderr}`).toBe(inTheWay.length > 0 ? 1 : 0)
  for (const { session } of inTheWay) expect(first.stderr, moment).toContain(session)
  const later = { ...other, clock: LATER }
  if (first.status === 1) await succeeds(scene, operation.claim(round), later)

  const taken = await GroundTruth.of(sandbox)
  expect(taken.collisions(), moment).toEqual([])
  const theirs = taken.locks.filter(({ name }) => locks.includes(name)).map(({ session }) => session)
  expect(theirs, moment).toHaveLength(locks.length)
  expect(new Set(theirs).size, moment).toBe(1)
  for (const lock of left.locks.filter(({ name }) => locks.some((key) => covers(key, name)))) {
    // whoever had a lock that went is told, or has ended
    const loser = taken.sessions.get(lock.session)
    const told = loser?.ended || loser?.revoked.some(({ lock: oid }) => oid === lock.oid)
    expect(told || theirs.includes(lock.session), `${moment}: ${lock.name} was lost silently`).toBe(true)
  }
  await losersAreTold(scene, taken)
  const release = await succeeds(scene, ['release', '--all'], later)
  expect(release.stdout, moment).not.toBe('')
  const after = await GroundTruth.of(sandbox)
  expect(
    after.locks.filter(({ name }) => locks.includes(name)),
    moment,
  ).toEqual([])
}

/** The killed one's own agent sees where it stands, gives the command again, and has what it wanted. */
export async function killedGoesOn(scene: Scene): Promise<void> {
  const { sandbox, operation, round, moment, words } = scene
  const mine = {
    agent: scene.cast.killed,
    ...(operation.clock === undefined ? {} : { clock: operation.clock }),
  }
  await succeeds(scene, 'status', mine)
  const again = await dwHere(sandbox, words, mine)
  expect(operation.again, `${moment}, again: ${again.stderr}`).toContain(again.status)
  const truth = await GroundTruth.of(sandbox)
  expect(truth.collisions(), moment).toEqual([])
  // half an end leaves locks of a session that has ended: they count for nothing
  const counting = truth.locks.filter((lock) => operation.ends !== 'free' || truth.isGood(lock, Date.now()))
  const holders = operation.locks(round).map((name) => counting.find((lock) => lock.name === name)?.session)
  const { session } = JSON.parse((await succeeds(scene, ['status', '--json'], mine)).stdout)
  const ends = { free: undefined, held: session?.id, "holder's": scene.sessions.holder }[operation.ends]
  if (operation.ends === 'held') expect(session, moment).not.toBeNull()
  expect(new Set(holders), moment).toEqual(new Set([ends]))
  if (session !== null) await succeeds(scene, ['release', '--all'], mine)
}

/** The one that was to lose something comes first: it has it still, or is told. */
export async function holderGoesOn(scene: Scene): Promise<void> {
  const { sandbox, moment, sessions, cast } = scene
  const { holder } = sessions
  if (holder === undefined) return
  const truth = await GroundTruth.of(sandbox)
  const lost = truth.sessions.get(holder)
  const had = truth.locks.filter(({ session }) => session === holder)
  const revoked = lost?.revoked ?? []
  const options = { agent: cast.holder }
  for (const { key } of revoked) {
    const release = await dwHere(sandbox, ['release', key], options)
    expect(release.status, `${moment}, release ${key}: ${release.stderr}`).toBe(4)
  }
  const release = await dwHere(sandbox, ['release', '--all', '--json'], options)
  if (scene.operation.ends === "holder's" && release.status === 4) return
  // whose record is gone, and whose locks nobody has taken yet, has no session; then it will be told
  const expected = lost === undefined ? 128 : lost.ended ? 4 : 0
  expect(release.status, `${moment}: ${release.stderr}`).toBe(expected)
  if (release.status !== 0) return
  expect(JSON.parse(release.stdout).released, moment).toHaveLength(
    had.filter((lock) => !truth.isVoid(lock)).length,
  )
  await succeeds(scene, ['heartbeat', '--force'], options)
}

/** After others have taken all the keys: nobody of the round releases one, and who lost one is told. */
async function losersAreTold(scene: Scene, truth: GroundTruth): Promise<void> {
  const { sandbox, cast, moment, sessions } = scene
  for (const who of ['holder', 'killed'] as const) {
    const id = sessions[who]
    if (id === undefined) continue
    const session = truth.sessions.get(id)
    const options = { agent: cast[who], clock: LATER }
    for (const { key } of session?.revoked ?? []) {
      const release = await dwHere(sandbox, ['release', key], options)
      expect(release.status, `${moment}, ${who} releases ${key}: ${release.stderr}`).toBe(4)
    }
    const beat = await dwHere(sandbox, ['heartbeat'], options)
    expect(beatStatuses(session, scene), `${moment}, ${who}: ${beat.stderr}`).toContain(beat.status)
  }
}

/** How a heartbeat may end for a session as it stands. */
function beatStatuses(session: TrueSession | undefined, scene: Scene): readonly number[] {
  if (scene.operation.ends === "holder's") return [0, 4, 128]
  if (session === undefined || (session.ended && session.endedBy === undefined)) return [4, 128]
  return session.ended ? [4] : [0]
}

async function succeeds(
  scene: Scene,
  words: string | readonly string[],
  options: { readonly agent: string; readonly clock?: string },
): Promise<Ending> {
  const ending = await dwHere(scene.sandbox, [words].flat(), options)
  expect(ending.status, `${scene.moment}, ${[words].flat().join(' ')}: ${ending.stderr}`).toBe(0)
  return ending
}

function covers(key: string, name: string): boolean {
  return key === name || name.startsWith(`${key}/`)
}
