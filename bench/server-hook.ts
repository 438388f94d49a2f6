import type { SessionId } from '../src/domain/record.ts'
import { activeRef } from '../src/store/ref-names.ts'
import { Guarded, type Pushed } from '../test/server-hook/guarded.ts'
import { refOf, sampleLock, sampleSession } from '../test/store/record-samples.ts'
import type { Case } from './cases.ts'
import { measure } from './measure.ts'

/** Measures the hook of the server, as git calls it, beside 1,000 locks; see docs/server-hook.md. */
async function main(): Promise<void> {
  const rounds = Number(process.env['BENCH_ROUNDS'] ?? 9)
  const guarded = await Guarded.create()
  try {
    const head = guarded.git(['rev-parse', 'HEAD'])
    const now = Date.now()
    const session = (fence: number) => {
      const lastActivity = new Date(now + fence).toISOString()
      return guarded.record(sampleSession({ id: ID, revoked: [], lastActivity, fence }))
    }
    const held = Array.from({ length: COUNT }, (_, at) => `held/d${at % 40}/f${at}.ts`)
    const free = held.map((path) => `free/${path}`)
    const locks = held.map(
      (path) => [refOf(path), guarded.record(sampleLock(path, { session: ID }))] as const,
    )
    guarded.stand({ ...Object.fromEntries(locks), [activeRef(ID)]: session(1) })
    guarded.git(['pack-refs', '--all'])
    guarded.branch('main', head)
    const mine = { [activeRef(ID)]: session(2) }
    const toHeld = { 'refs/heads/main': guarded.commit(held, [head]) }
    const toFree = { 'refs/heads/main': guarded.commit(free, [head]) }
    const released = Object.fromEntries(locks.map(([ref]) => [ref, null]))
    const subject = (name: string, pushed: Pushed, status: number): Case => ({
      name,
      run: () => {
        const verdict = guarded.push(pushed)
        if (verdict.status !== status) throw new Error(`${name}: ${verdict.status}: ${verdict.stderr}`)
      },
    })
    const one = guarded.record(sampleLock('one', { session: ID }))
    const cases = [
      subject('a tag', { 'refs/tags/v1': head }, 0),
      subject('a claim of one path', { ...mine, [refOf('one')]: one }, 0),
      subject(`a release of ${COUNT} locks`, { ...mine, ...released }, 0),
      subject(`a branch, ${COUNT} paths, none of them locked`, toFree, 0),
      subject(`a branch, ${COUNT} paths, all locked, with the holder's session`, { ...toHeld, ...mine }, 0),
      subject(`a branch, ${COUNT} paths, all locked, refused`, toHeld, 1),
    ]
    for (const { name, median } of measure(cases, rounds)) {
      const verdict = median <= BAR ? 'holds' : 'is missed'
      process.stdout.write(`| ${name} | ${median.toFixed(0)} ms | the bar of ${BAR} ms ${verdict} |\n`)
    }
  } finally {
    guarded.sandbox.dispose()
  }
}

const ID = 'SESS-AAAAAAAAAA' as SessionId
const COUNT = 1000
/** In milliseconds, beside 1,000 locks. */
const BAR = 200

await main()
