// Compiles src/main.ts into one executable, dist/native/git-dw, with the Bun of tools/native/.
import { execFile } from 'node:child_process'
import { access, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const tools = join(root, 'tools/native')

/** Where the launcher looks for the native build. */
export const NATIVE = join(root, 'dist/native/git-dw')

const OPTIONS = [
  '--compile',
  '--minify',
  '--bytecode',
  '--format=esm',
  // what a command does not use is neither read nor linked at its start
  '--splitting',
  // a repository's own files must never set or start anything in a program that runs in it
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
  '--no-compile-autoload-tsconfig',
  '--no-compile-autoload-package-json',
]

/** Whether there is a native build, of whatever sources. */
export async function hasNative() {
  return access(NATIVE).then(
    () => true,
    () => false,
  )
}

/** Takes a native build away. */
export async function removeNative() {
  await rm(join(NATIVE, '..'), { recursive: true, force: true })
}

/**
 * Compiles the program and sees that it starts; answers its size in bytes and Bun's version. `install` says
 * whether Bun may be installed first. Throws where Bun cannot be had, or makes what does not run here; then
 * no native build is left.
 */
export async function buildNative({ install }) {
  await removeNative()
  if (install) await installBun()
  const bun = await installedBun()
  if (bun === null) throw new Error('tools/native has no Bun for this machine')
  const made = `${NATIVE}.new`
  try {
    // no settings of the user's own Bun
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('BUN_')))
    await run(bun, ['build', join(root, 'src/main.ts'), ...OPTIONS, `--outfile=${made}`], { cwd: root, env })
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    const { stdout } = await run(made, ['--version'], { env })
    if (stdout !== `git-dw ${version}\n`) throw new Error(`it answers ${JSON.stringify(stdout)} to --version`)
    await rename(made, NATIVE)
  } catch (error) {
    await removeNative()
    throw error
  }
}

/** Installs what the lock file of tools/native names for this machine, unless it is there. Runs no script of it. */
async function installBun() {
  if ((await installedBun()) !== null) return
  await run('npm', ['ci', '--ignore-scripts'], { cwd: tools })
}

/** The Bun for this machine in the version that is asked for, or null. */
async function installedBun() {
  const wanted = JSON.parse(await readFile(join(tools, 'package.json'), 'utf8')).optionalDependencies
  const directory = join(tools, 'node_modules/@oven')
  // those that fit the system and the processor; an older npm does not look at the C library
  for (const name of await readdir(directory).catch(() => [])) {
    const manifest = JSON.parse(await readFile(join(directory, name, 'package.json'), 'utf8'))
    const bun = join(directory, name, 'bin/bun')
    if (manifest.version === wanted[manifest.name] && (await starts(bun))) return bun
  }
  return null
}

async function starts(program) {
  return run(program, ['--version']).then(
    () => true,
    () => false,
  )
}
