import { readFileSync } from 'node:fs'
import * as modules from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Script } from 'node:vm'

/** node:module as Node 22.1 and newer have it. */
type Newer = { readonly enableCompileCache?: (directory: string) => unknown }

/**
 * Starts the Node build: the program, as one file, with the code that V8 made of it at an earlier time. Node
 * keeps such code itself since 22.1. For an older one it stands beside the program, made at the build; V8
 * takes it only where its version and flags are the same, and compiles the program where they are not.
 */
function load(): void {
  const filename = join(__dirname, 'program.js')
  const { enableCompileCache } = modules as Newer
  if (enableCompileCache !== undefined) {
    // not Node's own default: a directory that all users of the machine can write to
    enableCompileCache(join(homedir(), '.cache', 'git-dw'))
    require(filename)
    return
  }
  const source = readFileSync(filename, 'utf8')
  // as V8 has seen it when the code was made: scripts/compile-ahead.cjs
  const script = new Script(`(function(require){${source}\n})`, { filename, ...ahead() })
  script.runInThisContext()(require)
}

function ahead(): { readonly cachedData?: Buffer } {
  try {
    return { cachedData: readFileSync(join(__dirname, 'program.cache')) }
  } catch {
    return {}
  }
}

load()
