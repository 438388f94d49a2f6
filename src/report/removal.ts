import { countOf, type Rescue } from '../domain/rescue.ts'
import { shellWord } from '../domain/shell-word.ts'

interface Removal {
  readonly path: string
  readonly branch: string | null
  readonly rescue: { readonly name: string; readonly content: Rescue } | null
  readonly ignored: readonly string[]
}

/** Says what became of a removed worktree, and how to get back what was kept. */
export function narrateRemoval(say: (line: string) => void, removal: Removal): void {
  const { path, branch, rescue, ignored } = removal
  say(`removed "${path}"${branch === null ? '' : `; its branch "${branch}" stays`}`)
  if (rescue !== null) {
    say(`kept ${countOf(rescue.content)}: git dw rescue restore ${shellWord(rescue.name)}`)
  }
  if (ignored.length > 0) say(`gone with it, being ignored: ${ignored.join(', ')}`)
}

/** A removed worktree as `--json` tells it. */
export function removalJson(removal: Removal): object {
  const { path, branch, rescue, ignored } = removal
  return { path, branch, rescue: rescue?.name ?? null, ignored }
}
