import { dirname, resolve } from 'node:path'
import { version } from '../../package.json'
import type { Surroundings } from '../flows/surroundings.ts'

/** Where Bun shows the files that stand in a compiled program. */
const COMPILED = '/$bunfs/'

/** Which build of the program a process is, and where its files lie: both are in the package's dist/. */
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
      programs: resolve(dirname(execPath), '../../bin'),
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
