import { expect } from 'vitest'
import { type Clone, dropPreparedHubs, Hub } from '../share/hub.ts'
import type { GitServer } from './git-server.ts'

/** A hub of the server's, and a clone that holds a lock and has something to push. */
export async function clientOf(server: GitServer): Promise<{ readonly hub: Hub; readonly anna: Clone }> {
  const hub = await Hub.create(server)
  const anna = await hub.clone('anna')
  await anna.json(['claim', 'src'])
  await anna.commit('src/new.ts')
  return { hub, anna }
}

/** Ends what {@link clientOf} began, and the server. */
export async function endClientOf(server: GitServer, hub: Hub): Promise<void> {
  hub.sandbox.dispose()
  await dropPreparedHubs()
  await server.stop()
}

/** The command is refused with this said about it, and with what to do next: look with git, then again. */
export async function expectTrouble(clone: Clone, args: readonly string[], said: RegExp): Promise<void> {
  const { status, stdout, stderr } = await clone.dw(args)
  expect(stderr).toMatch(said)
  expect(stderr).toMatch(/^[ -~→…\n]*$/)
  expect(stdout).toBe('')
  const [, first] = stderr.split('\n')
  if (args[0] === 'push') {
    expect(first).toBe('  → see what git says to it: git push --dry-run origin')
    expect(status).toBe(75)
  } else {
    expect(first).toBe('  → see what git says to it: git ls-remote origin')
    expect(status).toBe(args[0] === 'share' ? 128 : 75)
  }
}

/** The same for a claim and a sync, and with other words for a share and a push. */
export async function expectTroubles(clone: Clone, said: RegExp): Promise<void> {
  const tried = [['claim', 'lib'], ['sync'], ['push', 'origin', 'main']]
  for (const args of tried) await expectTrouble(clone, args, said)
  const why = said.source.replace('"origin" cannot be reached', '')
  await expectTrouble(clone, ['share'], new RegExp(`"origin" cannot be used${why}`))
}
