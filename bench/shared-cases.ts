import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PROGRAMS } from '../test/harness/sandbox.ts'
import { LAUNCHER } from '../test/process/counted-git.ts'
import type { Clone, Hub } from '../test/share/hub.ts'
import type { Case } from './cases.ts'

export const RAW_PUSH = 'raw leased push of one blob'
const RAW_FETCH = 'raw fetch with nothing new'
export const SHARED_CLAIM = 'git dw claim <path>, shared'
/** The launcher starts the native build where it lies; the Node build is measured beside it. */
export const BUILDS = existsSync(join(PROGRAMS, '..', 'dist/native/git-dw')) ? ['native', 'node'] : ['node']

/** Claims, releases and syncs of `anna`'s through `hub`, by each build, beside raw git. */
export function sharedCases(hub: Hub, anna: Clone): readonly Case[] {
  const run = (
    program: string,
    args: readonly string[],
    input = '',
    more: NodeJS.ProcessEnv = {},
  ): string => {
    const env = hub.sandbox.env({ agent: 'anna', env: { GIT_TEST_FSYNC: undefined, ...more } })
    const result = spawnSync(program, args, { cwd: anna.path, env, input, encoding: 'utf8' })
    if (result.status === 0) return result.stdout.trim()
    throw new Error(`${program} ${args.join(' ')}: ${result.stderr}`)
  }
  const dw = (build: string, ...args: string[]) => run(LAUNCHER, args, '', { DW_BUILD: build })
  const ours = BUILDS.flatMap((build): Case[] => [
    { name: `${SHARED_CLAIM}, ${build}`, run: (round) => void dw(build, 'claim', `free/${build}/${round}`) },
    { name: `git dw sync with nothing to do, ${build}`, run: () => void dw(build, 'sync') },
    {
      name: `git dw release <path>, shared, ${build}`,
      run: (round) => void dw(build, 'release', `free/${build}/${round}`),
    },
  ])
  return [
    {
      name: RAW_PUSH,
      run: (round) => {
        const oid = run('git', ['hash-object', '-w', '--stdin'], `raw ${round}\n`)
        const ref = `refs/raw/${round}`
        run('git', ['push', '--quiet', `--force-with-lease=${ref}:`, hub.url, `${oid}:${ref}`])
      },
    },
    {
      name: RAW_FETCH,
      run: () => void run('git', ['fetch', '--quiet', hub.url, '+refs/dw/*:refs/raw-seen/*']),
    },
    ...ours,
  ]
}
