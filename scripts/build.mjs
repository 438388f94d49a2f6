// Builds dist/ from src/main.ts, its completions from src/completions.ts, then man/ from src/man.ts. Says one
// line when it worked.
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { buildNative, hasNative } from './native-build.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const man = join(root, 'man')
const run = promisify(execFile)

/** With which the launcher starts Node; V8 takes compiled code only where its flags are the same. */
const LAUNCHER_FLAG = '--max-semi-space-size=8'

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
  // (clipanion has one): what is not used of them is left out.
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

/** Packages that are large and seldom used, with what is used of them and the file that holds it. */
const APART = {
  'isomorphic-git': {
    file: 'isomorphic-git.js',
    names: ['Errors', 'getRemoteInfo2', 'indexPack', 'listServerRefs', 'readObject'],
  },
  '@clack/prompts': { file: 'clack-prompts.js', names: ['autocomplete', 'confirm', 'isCancel', 'select'] },
}

/**
 * Makes the packages of {@link APART} files that are read when they are first used.
 *
 * @param {import('esbuild').PluginBuild} plugins
 */
function keepApart(plugins) {
  const names = new RegExp(`^(?:${Object.keys(APART).join('|')})$`)
  plugins.onResolve({ filter: names }, ({ path }) => ({ path, namespace: 'apart' }))
  plugins.onLoad({ filter: /.*/, namespace: 'apart' }, ({ path }) => ({
    contents: `module.exports = require('./${APART[path].file}')`,
  }))
  plugins.onResolve({ filter: /.*/, namespace: 'apart' }, ({ path }) => ({ path, external: true }))
}

/** Modules of Node's own that take long to load and are not always needed, with what is used of them. */
const LATE = {
  'node:crypto': ['createHash', 'randomBytes', 'randomUUID'],
  'node:zlib': ['deflateSync', 'inflateSync'],
}

/**
 * Loads the modules of {@link LATE} when a function of theirs is first called.
 *
 * @param {import('esbuild').PluginBuild} plugins
 */
function loadLate(plugins) {
  const names = new RegExp(`^(?:${Object.keys(LATE).join('|')})$`)
  plugins.onResolve({ filter: names }, ({ kind, path }) =>
    kind === 'import-statement' ? { path, namespace: 'late', sideEffects: false } : undefined,
  )
  plugins.onLoad({ filter: /.*/, namespace: 'late' }, ({ path }) => ({
    contents: LATE[path]
      .map((name) => `export const ${name} = (...given) => require('${path}').${name}(...given)\n`)
      .join(''),
  }))
}

/**
 * Bundles the program: dist/main.js loads dist/program.js, which is one CommonJS file, because the ES module
 * loader costs time for itself and for each file. Modules that are imported dynamically stand in it too, and
 * are evaluated when they are first used. Answers its size in bytes.
 */
async function buildProgram() {
  /** @type {import('esbuild').BuildOptions} */
  const common = { ...options, format: 'cjs', supported: { 'dynamic-import': false }, outdir: undefined }
  await writeFile(join(dist, 'package.json'), '{"type":"commonjs"}\n')
  await build({
    ...common,
    entryPoints: ['src/load.ts'],
    outfile: join(dist, 'main.js'),
  })
  for (const [name, { file, names }] of Object.entries(APART)) {
    const stdin = { contents: `export { ${names} } from '${name}'`, resolveDir: root }
    await build({ ...common, stdin, outfile: join(dist, file) })
  }
  await build({
    ...common,
    alias: {},
    plugins: [
      { name: 'apart', setup: keepApart },
      { name: 'late', setup: loadLate },
    ],
    entryPoints: ['src/main.ts'],
    outfile: join(dist, 'program.js'),
  })
  return (await stat(join(dist, 'program.js'))).size
}

/** Bundles the package's export `git-dw/reader` into one ES module, with its types beside it. */
async function buildReader() {
  await build({
    ...options,
    outdir: undefined,
    outfile: join(dist, 'reader.mjs'),
    entryPoints: ['src/reader/index.ts'],
  })
  await copyFile(join(root, 'src/reader/package.d.ts'), join(dist, 'reader.d.mts'))
}

/**
 * Bundles a module of src/ that only the build needs, and answers what it exports.
 *
 * @param {string} name
 */
async function loadSource(name) {
  const bundle = join(dist, `${name}.mjs`)
  try {
    await build({ ...options, outdir: undefined, outfile: bundle, entryPoints: [`src/${name}.ts`] })
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

/** Compiles the program ahead for this Node, with the commands that are used most; whether it could be. */
async function compileAhead() {
  const home = await mkdtemp(join(tmpdir(), 'git-dw-build-'))
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    CLAUDE_CODE_SESSION_ID: 'build',
  }
  const flags = [LAUNCHER_FLAG, join(root, 'scripts/compile-ahead.cjs'), dist]
  const commands = [['claim', 'a'], ['heartbeat'], ['check', 'a'], ['status'], ['release', 'a']]
  try {
    await run('git', ['init', '--quiet', home], { env })
    for (const words of commands) await run(process.execPath, [...flags, ...words], { env, cwd: home })
    return true
  } catch {
    // the program is compiled at each start instead
    await rm(join(dist, 'program.cache'), { force: true })
    return false
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

await cleanDist()
const bytes = await buildProgram()
await buildReader()
await buildCompletions()
const isAhead = await compileAhead()

const pages = await buildManPages()
await stat(join(dist, 'main.js'))
const native = await renewNative()
process.stdout.write(
  `built dist/program.js (${Math.ceil(bytes / 1024)} KiB${isAhead ? ', compiled ahead' : ''}), man pages: ${pages}, native build: ${native}\n`,
)
