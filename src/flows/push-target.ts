import { DwError } from '../domain/error.ts'
import { shellWord } from '../domain/shell-word.ts'
import { currentBranch } from '../git/branch-push.ts'
import { addressOf } from './open-sharing.ts'
import { requireSharing } from './sync.ts'
import type { Workspace } from './workspace.ts'

/**
 * The remote that `git push` would go to: the one named, else the branch's, else the default (git-config(1),
 * branch.<name>.pushRemote, remote.pushDefault). Throws DW_USAGE where git would have none for the branch.
 */
export async function pushTarget(
  workspace: Workspace,
  named: string | undefined,
  refspecs: readonly string[],
): Promise<string> {
  const { settings, git } = workspace
  const branch = await currentBranch(git)
  const of = (name: string) => (branch === null ? undefined : settings.valueOf(`branch.${branch}.${name}`))
  const fetches = of('remote') ?? settings.fallbackRemote
  const remote = named ?? of('pushremote') ?? settings.valueOf('remote.pushdefault') ?? fetches
  if (remote === undefined) {
    throw wrong('there is no remote to push to', 'add one: git remote add origin <url>')
  }
  if (refspecs.length > 0) return remote
  const rule = settings.valueOf('push.default') ?? 'simple'
  const what = `${shellWord(remote)} ${branch === null ? '<branch>' : shellWord(branch)}`
  const name = `git dw push ${what}`
  if (branch === null)
    throw wrong('HEAD is on no branch: name what to push', `git dw push ${remote} HEAD:<branch>`)
  if (rule === 'nothing') throw wrong('push.default is "nothing": name what to push', name)
  const isCentral = remote === fetches
  const wantsUpstream = rule === 'upstream' || rule === 'tracking' || (rule === 'simple' && isCentral)
  const sets = settings.valueOf('push.autosetupremote') === 'true'
  if (
    wantsUpstream &&
    of('merge') === undefined &&
    !sets &&
    settings.valueOf(`remote.${remote}.push`) === undefined
  ) {
    throw wrong(
      `the branch "${branch}" has no upstream to push to`,
      `name it, and let the branch follow it from then on: git dw push -u ${what}`,
    )
  }
  return remote
}

/** Whether a push to `remote` goes to the very place that decides about locks. */
export async function isArbiter(workspace: Workspace, remote: string): Promise<boolean> {
  const { arbiter } = requireSharing(workspace).sharing
  const address = await addressOf(workspace, remote)
  return (address?.url ?? remote) === arbiter.address.url
}

function wrong(message: string, hint: string): DwError {
  return new DwError('DW_USAGE', message, { hints: [hint] })
}
