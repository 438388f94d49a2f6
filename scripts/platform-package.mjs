// Makes the package that holds the native build for this platform, @git-dw/<system>-<processor>, and packs it:
//   node scripts/platform-package.mjs [<directory for the tarball>]
// Without a native build it says how to make one and ends with 1. Prints the tarball's path.
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { hasNative, NATIVE } from './native-build.mjs'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))

/** `linux-x64`, or `linux-x64-musl` where the C library is musl; the launcher looks for the same names. */
const { glibcVersionRuntime } = process.report.getReport().header
const isMusl = process.platform === 'linux' && glibcVersionRuntime === undefined
const platform = `${process.platform}-${process.arch}${isMusl ? '-musl' : ''}`

async function packPlatform(destination) {
  const { version, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const directory = await mkdtemp(join(tmpdir(), 'git-dw-platform-'))
  try {
    const manifest = {
      name: `@git-dw/${platform}`,
      version,
      description: `The native build of git dw for ${platform}`,
      license,
      os: [process.platform],
      cpu: [process.arch],
      ...(process.platform === 'linux' ? { libc: [isMusl ? 'musl' : 'glibc'] } : {}),
      preferUnplugged: true,
      // one program in two builds: neither goes with another version of the other
      peerDependencies: { 'git-dw': version },
      files: ['bin/git-dw'],
    }
    await writeFile(join(directory, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
    await writeFile(
      join(directory, 'README.md'),
      `The native build of git-dw for ${platform}. Install git-dw beside it.\n`,
    )
    await copyFile(join(root, 'LICENSE'), join(directory, 'LICENSE'))
    await mkdir(join(directory, 'bin'))
    await copyFile(NATIVE, join(directory, 'bin/git-dw'))
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', destination], {
      cwd: directory,
    })
    return join(destination, JSON.parse(stdout)[0].filename)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

if (await hasNative()) {
  const destination = resolve(process.argv[2] ?? root)
  process.stdout.write(`${await packPlatform(destination)}\n`)
} else {
  process.stderr.write('there is no native build to pack: npm run build:native\n')
  process.exitCode = 1
}
