import type { Sentence } from './checker/report.ts'
import type { Patch } from './world-build.ts'

/** One way in which the product could be wrong, put into a build of its own. */
export interface Fault {
  readonly name: string
  readonly patches: readonly Patch[]
  /** Whether it shows only where somebody empties the arbiter. */
  readonly empties?: true
  /** A seed with which the checker catches it, in how many schedules, and what it says then. */
  readonly seed: number
  readonly within: number
  readonly sentences: readonly Sentence[]
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'a fence that does not move',
    patches: [
      {
        file: 'src/domain/session.ts',
        find: 'return heard({ ...session, fence: session.fence + 1 }, at)',
        put: 'return heard(session, at)',
      },
    ],
    seed: 1,
    within: 40,
    sentences: ['guard'],
  },
  {
    name: 'records without a nonce',
    patches: [{ file: 'src/store/codec.ts', find: 'nonce: stamp.nonce }', put: "nonce: 'none' }" }],
    seed: 6,
    within: 300,
    sentences: ['guard'],
  },
  {
    name: 'base moved before local',
    patches: [
      {
        file: 'src/share/shared-store.ts',
        find: 'const { commit, followed } = await this.#local.moveThen(moves, bases, staged.bodies, written)',
        put: `await side.move(bases)
        const { commit, followed } = await this.#local.moveThen(moves, [], staged.bodies, written)`,
      },
    ],
    seed: 1,
    within: 100,
    sentences: ['guard', 'growth', 'acknowledged', 'agreement'],
  },
  {
    // git does not promise in which order it writes the refs of one
    name: 'local and base moved in one transaction',
    patches: [
      {
        file: 'src/share/shared-store.ts',
        find: 'const { commit, followed } = await this.#local.moveThen(moves, bases, staged.bodies, written)',
        put: `const { commit, followed } = await this.#local.moveThen(
          [...bases, ...moves],
          [],
          staged.bodies,
          written,
        )`,
      },
    ],
    seed: 1,
    within: 150,
    sentences: ['guard', 'growth', 'acknowledged', 'agreement'],
  },
  {
    name: 'a lock pushed without its session',
    patches: [
      {
        file: 'src/share/shared-store.ts',
        find: 'return staged.updates.flatMap(({ ref, to }): RemoteStep[] => {',
        put: `return staged.updates.flatMap(({ ref, to }): RemoteStep[] => {
          if (ref.startsWith(ACTIVE_REF)) return []`,
      },
    ],
    seed: 1,
    within: 40,
    sentences: ['guard'],
  },
  {
    name: 'a lock released without its session',
    patches: [
      {
        file: 'src/flows/release.ts',
        find: '[{ ref: entry.ref, from: entry, to }, ...deletions],',
        put: 'deletions,',
      },
    ],
    seed: 1,
    within: 80,
    sentences: ['guard'],
  },
  {
    name: 'locks committed before the session',
    patches: [
      {
        file: 'src/store/ref-names.ts',
        find: "export const ACTIVE_REF: RefName = 'refs/dw/active'",
        put: "export const ACTIVE_REF: RefName = 'refs/dw/sessions/active'",
      },
    ],
    seed: 1,
    within: 40,
    sentences: ['guard'],
  },
  {
    name: 'a push that is tried again without being judged again',
    patches: [
      {
        file: 'src/share/fenced-push.ts',
        find: 'await push.check(agreed, local)',
        put: 'if (round === 1) await push.check(agreed, local)',
      },
    ],
    seed: 4,
    within: 150,
    sentences: ['revoked fence'],
  },
  {
    name: 'base and local read after the fetch',
    patches: [
      {
        file: 'src/share/sync.ts',
        find: 'const { base, local } = await finishSync(side)',
        put: 'await arbiter.fetch()\n  const { base, local } = await finishSync(side)',
      },
      {
        file: 'src/share/sync.ts',
        find: 'await arbiter.fetch()\n  const remote',
        put: 'const remote',
      },
    ],
    seed: 7,
    within: 100,
    sentences: ['growth', 'answer', 'acknowledged'],
  },
  {
    name: 'a revocation dropped in merging',
    patches: [
      {
        file: 'src/domain/merge.ts',
        find: 'revoked: mergeRevocations(base, local, remote),',
        put: 'revoked: local.revoked,',
      },
    ],
    seed: 2,
    within: 200,
    sentences: ['noted loss'],
  },
  {
    name: 'deletion believed from an empty arbiter',
    patches: [
      {
        file: 'src/share/check-arbiter.ts',
        find: 'const meta = views.get(META_REF)',
        put: 'const meta = views.get(META_REF)\n  if (meta?.remote === null) return',
      },
    ],
    empties: true,
    seed: 1,
    within: 200,
    sentences: ['acknowledged'],
  },
  {
    name: 'leases judged by the wall clock only',
    patches: [
      {
        file: 'src/domain/lease.ts',
        find: 'if (session.owner.clone === vantage.clone) return lastActivity + ttl * 1000',
        put: 'if (ttl > 0) return lastActivity + ttl * 1000',
      },
    ],
    seed: 3,
    within: 100,
    sentences: ['live lease'],
  },
]
