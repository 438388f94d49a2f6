import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { version } from '../../package.json'
import type { Surroundings } from '../flows/surroundings.ts'

/** Where Bun shows the files that stand in a compiled program. */
const COMPILED = '/$bunfs/'

/**
 * Where the package's bin/ is from the native build: in its own dist/native/, or in a package for this platform
 * that npm has put beside it or below it.
 */
const FROM_NATIVE = ['../../bin', '../../../git-dw/bin', '../../../../bin']

/** Which build of the program a process is, and where the package's files lie. */
export function thisProgram({
  argv,
  execPath,
  versions,
}: Pick<NodeJS.Process, 'argv' | 'execPath' | 'versions'>): Pick<
  Surroundings,
  'programs' | 'runtime' | 'versions'
> {
  const [, main = ''] = argv
  if (main.startsWith(COMPILED)) {
    return {
      programs: programsOf(dirname(execPath)),
      runtime: '',
      versions: { program: version, build: 'native', engine: versions['bun'] ?? '' },
    }
  }
  return {
    programs: resolve(dirname(main), '../bin'),
    runtime: dirname(execPath),
    versions: { program: version, build: 'node', engine: versions.node },
  }
}

function programsOf(directory: string): string {
  const found = FROM_NATIVE.map((path) => resolve(directory, path))
  return found.find((path) => existsSync(join(path, 'git-dw'))) ?? directory
}
