import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { type Patch, patched } from '../world-build.ts'

const ROOT = resolve(import.meta.dirname, '../../..')

/** Builds the program for Node with changed sources into `directory`: what starts it. */
export async function buildBroken(
  directory: string,
  patches: readonly Patch[],
): Promise<readonly [string, ...string[]]> {
  const outfile = join(directory, 'git-dw.cjs')
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'cjs',
    supported: { 'dynamic-import': false },
    mainFields: ['module', 'main'],
    resolveExtensions: ['.mjs', '.ts', '.js', '.json'],
    // what shares and claims does not load it
    external: ['isomorphic-git'],
    plugins: [patched(patches)],
    logLevel: 'silent',
  })
  return [process.execPath, outfile]
}
