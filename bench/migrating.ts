import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Sandbox } from '../test/harness/sandbox.ts'
import { minutes, OldFiles } from '../test/migrate/old-files.ts'
import { type Measured, measure } from './measure.ts'
import type { Bar } from './scale-table.ts'

/** Half of them sessions, a quarter locks, a quarter lines of the audit log. */
const ENTRIES = 10_000
const MOST_SECONDS = 5

/** What a disk may still do with files that were deleted, in milliseconds. */
const TO_REST = 60_000

/**
 * `migrate` of 10,000 old entries, and its undo. Each round has a repository of its own, as everybody
 * migrates one once: a file system that has just taken away ten thousand files makes new ones much more slowly.
 */
export async function measureMigrating(rounds: number): Promise<readonly Measured[]> {
  const sandboxes: Sandbox[] = []
  try {
    // one more, for the round that does not count
    for (let round = 0; round <= rounds; round += 1) {
      const sandbox = await Sandbox.create()
      sandboxes.push(sandbox)
      seed(sandbox)
    }
    const run = (round: number, args: readonly string[], input = '') => {
      const sandbox = sandboxes[round]
      if (sandbox === undefined) throw new Error('a round without its repository')
      // with its syncs to disk, as for everybody
      const env = sandbox.env({ env: { GIT_TEST_FSYNC: undefined } })
      const options = { cwd: sandbox.repo, env, input, maxBuffer: 64 * 1024 * 1024 }
      const result = spawnSync('git', args, options)
      if (result.status !== 0) throw new Error(result.stderr.toString('utf8'))
    }
    const [head] = await Promise.all(sandboxes.map((sandbox) => sandbox.git(['rev-parse', 'HEAD'])))
    const refs = Array.from({ length: ENTRIES + 2 }, (_, at) => `refs/raw/of/${at}`)
    const created = refs.map((ref) => `create ${ref} ${head}\n`).join('')
    const deleted = refs.map((ref) => `delete ${ref}\n`).join('')
    spawnSync('sync')
    await new Promise((resolve) => setTimeout(resolve, TO_REST))
    const made = measure(
      [
        { name: '`migrate`', run: (round) => run(round, ['dw', 'migrate']) },
        {
          name: 'raw `git update-ref` of as many refs',
          run: (round) => run(round, ['update-ref', '--stdin'], created),
        },
      ],
      rounds,
    )
    const undone = measure(
      [
        { name: '`migrate --undo`', run: (round) => run(round, ['dw', 'migrate', '--undo']) },
        {
          name: 'raw `git update-ref` that takes them away',
          run: (round) => run(round, ['update-ref', '--stdin'], deleted),
        },
      ],
      rounds,
    )
    return [...made, ...undone]
  } finally {
    for (const sandbox of sandboxes) sandbox.dispose()
  }
}

function seed(sandbox: Sandbox): void {
  const project = { id: 'PROJ-1', name: 'shop', path: sandbox.repo }
  const old = new OldFiles(join(sandbox.repo, 'state')).project(project.id, project.name, project.path)
  const ids = Array.from({ length: ENTRIES / 2 }, (_, at) => `SESS-${at}`)
  const life = { status: 'active', createdAt: minutes(-60), lastActivity: minutes(-5) }
  const locked = ids.slice(0, ENTRIES / 4)
  const lock = { acquiredAt: minutes(-9), expiresAt: minutes(9 * 60), status: 'active' }
  for (const [at, id] of ids.entries()) {
    const locks = at < locked.length ? [`LOCK-${at}`] : []
    old.write(`sessions/${id}.json`, { id, project, currentTask: `task-${at}`, locks, ...life })
  }
  const entry = { projectId: project.id, projectName: project.name, worktreePath: null, ...life }
  old.write('sessions.json', {
    sessions: ids.map((id, at) => ({ id, taskId: `task-${at}`, ...entry })),
    version: '2.0',
  })
  old.write('locks.json', {
    locks: locked.map((ownerId, at) => {
      return { lockId: `LOCK-${at}`, projectId: project.id, taskId: `task-${at}`, ownerId, ...lock }
    }),
  })
  old.events(...locked.map((id) => [-9, 'lock_claimed', id] as const))
}

/** The bar of the migration, by its median, beside what git itself takes for as many refs; the undo has none. */
export function migratingBars(measured: readonly Measured[]): readonly Bar[] {
  const seconds = ({ median, least, most }: Measured) =>
    `${(median / 1000).toFixed(2)} s (${(least / 1000).toFixed(2)}–${(most / 1000).toFixed(2)})`
  const [ours, raw] = measured
  if (ours === undefined || raw === undefined) return []
  return [
    {
      name: `${ours.name} of ${ENTRIES} entries`,
      limit: `≤ ${MOST_SECONDS} s`,
      seen: `${seconds(ours)}; ${raw.name}: ${seconds(raw)}`,
      held: ours.median <= MOST_SECONDS * 1000,
    },
  ]
}
