import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Sandbox } from '../test/harness/sandbox.ts'
import { minutes, OldFiles } from '../test/migrate/old-files.ts'
import { type Measured, measure } from './measure.ts'
import type { Bar } from './scale-table.ts'

/** Half of them sessions, a quarter locks, a quarter lines of the audit log. */
const ENTRIES = 10_000
const MOST_SECONDS = 5

/** `migrate` of 10,000 old entries, and its undo. */
export async function measureMigrating(rounds: number): Promise<readonly Measured[]> {
  const sandbox = await Sandbox.create()
  try {
    seed(sandbox)
    const run = (...args: string[]) => {
      // with its syncs to disk, as for everybody
      const env = sandbox.env({ env: { GIT_TEST_FSYNC: undefined } })
      const options = { cwd: sandbox.repo, env, maxBuffer: 64 * 1024 * 1024 }
      const result = spawnSync('git', ['dw', 'migrate', ...args], options)
      if (result.status !== 0) throw new Error(result.stderr.toString('utf8'))
    }
    const raw = (input: string) => {
      const env = sandbox.env({ env: { GIT_TEST_FSYNC: undefined } })
      const result = spawnSync('git', ['update-ref', '--stdin'], { cwd: sandbox.repo, env, input })
      if (result.status !== 0) throw new Error(result.stderr.toString('utf8'))
    }
    const refs = Array.from({ length: ENTRIES + 2 }, (_, at) => `refs/raw/of/${at}`)
    const head = await sandbox.git(['rev-parse', 'HEAD'])
    return measure(
      [
        { name: '`migrate`', run: () => run() },
        { name: '`migrate --undo`', run: () => run('--undo') },
        {
          name: 'raw `git update-ref` of as many refs',
          run: () => raw(refs.map((ref) => `create ${ref} ${head}\n`).join('')),
        },
        {
          name: 'raw `git update-ref` that takes them away',
          run: () => raw(refs.map((ref) => `delete ${ref}\n`).join('')),
        },
      ],
      rounds,
    )
  } finally {
    sandbox.dispose()
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
  const [ours, , raw] = measured
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
