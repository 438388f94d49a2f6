import { version } from '../package.json'
import { allHelp } from './cli/usage.ts'
import { commandPage, mainPage, pageName } from './report/man-page.ts'
import { ENVIRONMENT, EXIT_STATUSES, GIVEN, SETTINGS } from './report/reference.ts'

/** The day of this version: of its release, before that of the last change to the pages' own text. */
const DATE = '2026-11-25'

/** The man pages by file name; the build writes them, so that they always say what the program does. */
export async function manPages(): Promise<Map<string, string>> {
  const commands = await allHelp()
  const edition = { version, date: DATE }
  const main = mainPage({
    edition,
    commands,
    settings: SETTINGS,
    environment: ENVIRONMENT,
    given: GIVEN,
    exitStatus: EXIT_STATUSES,
  })
  const pages = commands.map(
    (command) => [`${pageName(command.name)}.1`, commandPage(command, edition)] as const,
  )
  return new Map([['git-dw.1', main], ...pages])
}
