// Builds dist/ from src/main.ts, its completions from src/completions.ts, then man/ from src/man.ts. Says one
// line when it worked.
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { buildNative, hasNative } from './native-build.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const man = join(root, 'man')

/** @type {import('esbuild').BuildOptions} */
const options = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  minify: true,
  sourcemap: false,
  legalComments: 'none',
  loader: { '.json': 'json' },
  // The ES module builds of dependencies come first, also for a directory import without an extension
  // (clipanion has one): the bundle then holds no CommonJS and needs no `require`.
  mainFields: ['module', 'main'],
  resolveExtensions: ['.mjs', '.ts', '.js', '.json'],
  // Its build for Node is CommonJS, of which nothing could be left out.
  alias: { 'isomorphic-git': join(root, 'node_modules/isomorphic-git/index.js') },
  plugins: [{ name: 'builtins', setup: importBuiltins }],
  logLevel: 'warning',
}

/**
 * Lets CommonJS dependencies of isomorphic-git `require` Node's own modules: as imports, which an ES module
 * has.
 *
 * @param {import('esbuild').PluginBuild} plugins
 */
function importBuiltins(plugins) {
  const names = new RegExp(`^(?:${builtinModules.join('|')})$`)
  plugins.onResolve({ filter: names }, ({ kind, path }) =>
    kind === 'require-call' ? { path, namespace: 'builtin' } : undefined,
  )
  plugins.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
    contents: `export * from 'node:${path}'`,
  }))
}

/** Removes everything in dist/ but a native build, which {@link renewNative} makes anew. */
async function cleanDist() {
  await mkdir(dist, { recursive: true })
  for (const name of await readdir(dist)) {
    if (name !== 'native') await rm(join(dist, name), { recursive: true, force: true })
  }
}

/** Bundles the program; answers how many files came out and how large they are together, in bytes. */
async function buildProgram() {
  const result = await build({ ...options, entryPoints: ['src/main.ts'], splitting: true, metafile: true })
  const outputs = Object.values(result.metafile.outputs)
  return { files: outputs.length, bytes: outputs.reduce((sum, output) => sum + output.bytes, 0) }
}

/**
 * Bundles the package's export `git-dw/reader` into one file, with its types beside it. Built together, it
 * would cut the program into more pieces, and each costs time at every start.
 */
async function buildReader() {
  await build({
    ...options,
    outdir: undefined,
    outfile: join(dist, 'reader.js'),
    entryPoints: ['src/reader/index.ts'],
  })
  await copyFile(join(root, 'src/reader/package.d.ts'), join(dist, 'reader.d.ts'))
}

/**
 * Bundles a module of src/ that only the build needs, and answers what it exports.
 *
 * @param {string} name
 */
async function loadSource(name) {
  const bundle = join(dist, `${name}.js`)
  try {
    await build({ ...options, entryPoints: [`src/${name}.ts`] })
    return await import(pathToFileURL(bundle).href)
  } finally {
    await rm(bundle, { force: true })
  }
}

/** Makes a native build that is there anew: the launcher prefers it, so it is never of older sources. */
async function renewNative() {
  if (!(await hasNative())) return 'none'
  return buildNative({ install: false }).then(
    () => 'made anew',
    ({ message }) => `removed, it was of older sources (${message.split('\n')[0]})`,
  )
}

/** Writes what `manPages()` of src/man.ts answers into man/; answers how many pages there are. */
async function buildManPages() {
  const { manPages } = await loadSource('man')
  const pages = await manPages()
  await rm(man, { recursive: true, force: true })
  await mkdir(man, { recursive: true })
  for (const [name, roff] of pages) await writeFile(join(man, name), roff)
  return pages.size
}

/** Joins each script of completions/ with its tables. */
async function buildCompletions() {
  const { completionTables } = await loadSource('completions')
  const directory = join(dist, 'completions')
  await mkdir(directory, { recursive: true })
  for (const [shell, tables] of await completionTables()) {
    const script = await readFile(join(root, 'completions', `git-dw.${shell}`), 'utf8')
    await writeFile(join(directory, `git-dw.${shell}`), script + tables)
  }
}

await cleanDist()
const program = await buildProgram()
await buildReader()
await buildCompletions()

const pages = await buildManPages()
await stat(join(dist, 'main.js'))
const native = await renewNative()
process.stdout.write(
  `built dist/main.js (${program.files} files, ${Math.ceil(program.bytes / 1024)} KiB), man pages: ${pages}, native build: ${native}\n`,
)
