import { version } from '../package.json'
import { allHelp } from './cli/usage.ts'
import { manPage } from './report/man-page.ts'
import { ENVIRONMENT, EXIT_STATUSES, SETTINGS } from './report/reference.ts'

/** The man pages by file name; the build writes them, so that they always say what the program does. */
export async function manPages(): Promise<Map<string, string>> {
  const commands = await allHelp()
  const page = manPage({
    version,
    commands,
    settings: SETTINGS,
    environment: ENVIRONMENT,
    exitStatus: EXIT_STATUSES,
  })
  return new Map([['git-dw.1', page]])
}
