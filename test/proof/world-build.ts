import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import type { simulate } from './world/simulation.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const WORLD = join(import.meta.dirname, 'world')

/** What stands in for what starts git, and for the file system. */
const STAND_INS: Readonly<Record<string, string>> = {
  [join(ROOT, 'src/git/refs.ts')]: join(WORLD, 'git-refs.ts'),
  [join(ROOT, 'src/git/blobs.ts')]: join(WORLD, 'git-blobs.ts'),
  [join(ROOT, 'src/git/remote.ts')]: join(WORLD, 'git-remote.ts'),
}

/** A change of one place of the sources that makes the product wrong. */
export interface Patch {
  /** From the top of the repository. */
  readonly file: string
  /** What must be there, once. */
  readonly find: string
  readonly put: string
}

/** The simulation with the product's sources, changed by `patches`. Throws where one of them does not fit. */
export async function buildWorld(patches: readonly Patch[] = []): Promise<typeof simulate> {
  const directory = mkdtempSync(join(tmpdir(), 'git-dw-world-'))
  const outfile = join(directory, 'world.mjs')
  try {
    await build({
      absWorkingDir: ROOT,
      entryPoints: [join(WORLD, 'simulation.ts')],
      outfile,
      bundle: true,
      platform: 'node',
      target: 'node20.19',
      format: 'esm',
      mainFields: ['module', 'main'],
      resolveExtensions: ['.mjs', '.ts', '.js', '.json'],
      plugins: [standIns, patched(patches)],
      logLevel: 'silent',
    })
    const world = (await import(pathToFileURL(outfile).href)) as { readonly simulate: typeof simulate }
    return world.simulate
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const standIns: Plugin = {
  name: 'stand-ins',
  setup(plugins) {
    plugins.onResolve({ filter: /^node:fs(?:\/promises)?$/ }, () => ({ path: join(WORLD, 'files.ts') }))
    plugins.onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, resolveDir, importer }) => {
      const standIn = STAND_INS[resolve(resolveDir, path)]
      return standIn === undefined || importer === standIn ? undefined : { path: standIn }
    })
  },
}

/** Changes the sources. The build throws where a patch does not fit, or its file is not part of it. */
export function patched(patches: readonly Patch[]): Plugin {
  return {
    name: 'patches',
    setup(plugins) {
      const open = new Set(patches)
      plugins.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        const mine = patches.filter(({ file }) => join(ROOT, file) === path)
        if (mine.length === 0) return undefined
        let contents = readFileSync(path, 'utf8')
        for (const patch of mine) {
          if (contents.split(patch.find).length !== 2) {
            throw new Error(`${patch.file} has not exactly one "${patch.find}"`)
          }
          contents = contents.replace(patch.find, () => patch.put)
          open.delete(patch)
        }
        return { contents, loader: 'ts' }
      })
      plugins.onEnd(() => {
        const [missed] = open
        if (missed !== undefined) throw new Error(`${missed.file} is not part of the build`)
      })
    },
  }
}
