import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Sandbox } from './sandbox.ts'

/** Every file below `directory` with its bytes, but for those whose path below it `except` fits. */
function filesBelow(directory: string, except: RegExp): Map<string, string> {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !except.test(path),
  )
  return new Map(
    paths.sort().flatMap((path): [string, string][] => {
      const file = join(directory, path)
      const status = lstatSync(file)
      if (status.isSymbolicLink()) return [[path, `-> ${readlinkSync(file)}`]]
      return status.isFile() ? [[path, readFileSync(file, 'latin1')]] : []
    }),
  )
}

/** What a command that is refused must leave: all but objects, which nobody sees, and this clone's memory. */
const UNSEEN = /^(?:objects|dw)(?:\/|$)/

/** All refs, the index, the settings, worktrees, hooks and whatever else git keeps, byte for byte. */
export function gitFiles(sandbox: Sandbox, except = UNSEEN): Map<string, string> {
  return filesBelow(join(sandbox.repo, '.git'), except)
}
