/** The environment of this process, given by `cli/context`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Traces that would go to git's stderr, or to a descriptor that it does not have here; those to a file stay. */
const isTraceToStream = (name: string, value: string | undefined) =>
  name.startsWith('GIT_TRACE') && /^(?:\d|true|yes|on)$/i.test(value ?? '')

/** Variables that choose or change a repository for one git process (`git rev-parse --local-env-vars`, and more). */
const REPOSITORY_VARIABLES = new Set([
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_COMMON_DIR',
  'GIT_DEFAULT_REF_FORMAT',
  'GIT_GLOB_PATHSPECS',
  'GIT_GRAFT_FILE',
  'GIT_ICASE_PATHSPECS',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_INDEX_VERSION',
  'GIT_INTERNAL_SUPER_PREFIX',
  'GIT_LITERAL_PATHSPECS',
  'GIT_NAMESPACE',
  'GIT_NOGLOB_PATHSPECS',
  'GIT_NO_REPLACE_OBJECTS',
  'GIT_OBJECT_DIRECTORY',
  'GIT_PREFIX',
  'GIT_QUARANTINE_PATH',
  'GIT_REFLOG_ACTION',
  'GIT_REPLACE_REF_BASE',
  'GIT_SHALLOW_FILE',
])

/** Those that choose the repository, and those that set something in it: kept, except when another worktree is entered. */
const CHOOSING_VARIABLES = /^GIT_(?:DIR|WORK_TREE)$/
const SETTING_VARIABLES = /^GIT_CONFIG(?:_PARAMETERS|_COUNT|_(?:KEY|VALUE)_\d+)?$/

/** `env` without what other repositories' git processes left in it, as `GitOptions.entering` says. */
export function childEnvironment(
  env: Environment,
  entering: boolean | 'keeping-settings' | undefined,
): Record<string, string> {
  const isDropped = (name: string, value: string | undefined) =>
    REPOSITORY_VARIABLES.has(name) ||
    isTraceToStream(name, value) ||
    (entering !== false && entering !== undefined && CHOOSING_VARIABLES.test(name)) ||
    (entering === true && SETTING_VARIABLES.test(name))
  const kept = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || isDropped(name, value) ? [] : [[name, value] as const],
  )
  return Object.fromEntries(kept)
}
