import { shellWord } from '../domain/shell-word.ts'

/** The hint that shows all that git says to reaching a remote. */
export function lookAtRemote(remote: string): string {
  return `see what git says to it: git ls-remote ${shellWord(remote)}`
}

/** The hint that shows all that git says to a push. */
export function lookAtPush(remote: string): string {
  return `see what git says to it: git push --dry-run ${shellWord(remote)}`
}
