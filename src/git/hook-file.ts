import {
  chmod,
  link,
  lstat,
  mkdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname } from 'node:path'

/** What stands at a hook's path. A link counts as somebody's own, wherever it leads. */
export type HookFile =
  | { readonly is: 'absent' }
  | { readonly is: 'file'; readonly bytes: Buffer }
  | { readonly is: 'link' }
  | { readonly is: 'directory' }

export async function readHookFile(path: string): Promise<HookFile> {
  const found = await lstat(path).catch(() => null)
  if (found === null) return { is: 'absent' }
  if (found.isSymbolicLink()) return { is: 'link' }
  if (found.isDirectory()) return { is: 'directory' }
  return { is: 'file', bytes: await readFile(path) }
}

/** Puts a hook in place in one step: a git that looks sees the old one or the new one. */
export async function writeHook(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.dw-new`
  await writeFile(temporary, text)
  // the mode is not left to a umask
  await chmod(temporary, 0o755)
  await rename(temporary, path)
}

/** Gives what stands at `path` a second name, so that it is never without one. A link stays that link. */
export async function keepHook(path: string, kept: string): Promise<void> {
  if ((await lstat(path)).isSymbolicLink()) await symlink(await readlink(path), kept)
  else await link(path, kept).catch(() => rename(path, kept))
}

/** Puts a kept hook back in its place, or removes ours where there was none. */
export async function restoreHook(path: string, kept: string | null): Promise<void> {
  if (kept === null) await rm(path, { force: true })
  else await rename(kept, path)
}

/** Whether two hooks are the same file, the same link, or the same bytes. */
export async function isSameHook(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([lstat(a), lstat(b)])
  if (first.isSymbolicLink() || second.isSymbolicLink()) {
    return first.isSymbolicLink() && second.isSymbolicLink() && (await readlink(a)) === (await readlink(b))
  }
  if (first.ino === second.ino && first.dev === second.dev) return true
  return first.mode === second.mode && (await readFile(a)).equals(await readFile(b))
}
