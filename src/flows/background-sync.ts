import { join } from 'node:path'
import type { Workspace } from './workspace.ts'

/** Shortest time between two starts, in milliseconds: where the remote is away, every command would try. */
const PAUSE = 60_000

/**
 * Starts a sync that goes on by itself when the last exchange is older than a quarter of the shortest ttl
 * (design §7, Offline): heartbeats then reach the others before they would count this clone as silent.
 * Its failure is nobody's; the next command tries again. Whether one was started.
 */
export async function syncInBackground(workspace: Workspace): Promise<boolean> {
  const { shared, settings, around, clone } = workspace
  if (shared === null) return false
  const { state, arbiter } = shared.sharing
  const last = await state.exchange(arbiter.name)
  if (!settings.syncsInBackground) {
    // by its file alone hooks/pre-push knows that there is a remote to be asked
    const never = { remote: arbiter.name, at: 0, tried: 0 }
    if (last === null) await state.setExchange(never, settings.prePushFresh * 1000).catch(() => undefined)
    return false
  }
  const now = around.now()
  const windows = [settings.lockTtl / 4, settings.sessionTtl / 4, ...(await clone.windows())]
  const quarter = Math.min(...windows) * 1000
  const isYoung = (at: number, most: number) => at <= now && now - at < most
  if (last !== null && (isYoung(last.at, quarter) || isYoung(last.tried, Math.min(PAUSE, quarter))))
    return false
  try {
    const tried = { remote: arbiter.name, at: last?.at ?? 0, tried: now }
    await state.setExchange(tried, settings.prePushFresh * 1000)
  } catch {
    // nothing can be written here, so there is nothing to send either
    return false
  }
  startSync(workspace)
  return true
}

/** Starts a sync that goes on by itself, whatever becomes of this process. */
export function startSync({ git, around }: Workspace): void {
  git.detach(join(around.programs, 'git-dw'), ['sync', '--background', '--json'])
}
