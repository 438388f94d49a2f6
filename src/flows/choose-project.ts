import { PROJECTS_REF } from '../store/ref-names.ts'
import { projectHere, registryIn } from './projects.ts'
import type { Prompter } from './prompter.ts'
import type { Workspace } from './workspace.ts'

/**
 * Lets the person at the terminal choose what a new session works on, where several projects are registered;
 * that of the current directory is under the cursor. Undefined where nothing is to be chosen. Throws
 * DW_INTERRUPTED.
 */
export async function chooseProject(workspace: Workspace, ask: Prompter): Promise<string | undefined> {
  const snapshot = await workspace.store.read({ refs: [PROJECTS_REF] })
  const { projects } = registryIn(snapshot)
  if (projects.length < 2) return undefined
  const here = (await projectHere(workspace, snapshot)).name
  const registered = projects.map(({ name, path }) => ({ value: name, label: name, hint: path }))
  // the default project need not be registered
  const isThere = projects.some(({ name }) => name === here)
  const choices = isThere ? registered : [{ value: here, label: here, hint: 'the default' }, ...registered]
  return ask.choose('Which project?', choices, { filter: true, initial: here })
}
