import { SharingState } from '../share/exchange.ts'
import { viewsOf } from '../share/sync.ts'
import type { Workspace } from './workspace.ts'

/** How sharing stands in this clone; nothing is asked of the remote. */
export interface ShareStatus {
  readonly sharing: boolean
  readonly remote: string | null
  readonly url: string | null
  /** Null when the remote was never probed. */
  readonly atomic: boolean | null
  /** When records were last exchanged, in milliseconds since the epoch. */
  readonly lastExchange: number | null
  /** Refs that are not at the remote as they stand here. */
  readonly notOut: readonly string[]
}

export async function shareStatus(workspace: Workspace): Promise<ShareStatus> {
  const { shared, settings, repository } = workspace
  if (shared === null) {
    return {
      sharing: false,
      remote: settings.remote ?? null,
      url: null,
      atomic: null,
      lastExchange: null,
      notOut: [],
    }
  }
  const { arbiter, side } = shared.sharing
  const state = new SharingState(repository.commonDir)
  const [abilities, exchange, { base, local }] = await Promise.all([
    state.abilities(arbiter.name),
    state.exchange(arbiter.name),
    side.all(),
  ])
  const views = [...viewsOf(base, local, base).values()]
  return {
    sharing: true,
    remote: arbiter.name,
    url: abilities?.url ?? null,
    atomic: abilities?.atomic ?? null,
    lastExchange: exchange === null || exchange.at === 0 ? null : exchange.at,
    notOut: views.filter(({ base: agreed, local: here }) => agreed !== here).map(({ ref }) => ref),
  }
}
