import { dirname, join } from 'node:path'
import { type HookName, isCheck } from '../../domain/hook-name.ts'
import { shellWord } from '../../domain/shell-word.ts'
import type { Surroundings } from '../surroundings.ts'

/** What every file of ours holds, whatever version wrote it. */
const MARK = '# git-dw hook: '

/** How the file of an earlier hook is called that ours runs. */
export const KEPT_SUFFIX = '.dw-kept'

/** Whether a hook's text is ours. */
export function isOurs(text: string): boolean {
  return text.startsWith(`#!/bin/sh\n${MARK}`)
}

/**
 * The file that stands in a hooks directory. It finds the package where it was when this was written, else by
 * PATH, so an upgrade in place changes nothing and a moved package is found again. The package's own script
 * runs in a subshell: nothing of it reaches the hook that was there before.
 */
export function installedPiece(name: HookName, around: Surroundings): string {
  return `#!/bin/sh
${MARK}${name}. "git dw hooks install" wrote it, "git dw hooks uninstall" takes it out again.
dw_hooks=${packageHooks(around)}
dw_node=${shellWord(around.runtime)}
dw_kept=\${0%/*}/${name}${KEPT_SUFFIX}

# alone, it needs no subshell; it ends with an exit of its own
if [ ! -e "$dw_kept" ] && [ -f "$dw_hooks/${name}" ]; then . "$dw_hooks/${name}"; fi

dw_run() {
  [ "\${DW_HOOKS-}" != 0 ] || return 0
  if [ -f "$dw_hooks/${name}" ]; then
    (. "$dw_hooks/${name}")
  elif command -v git-dw >/dev/null 2>&1; then
    git-dw hooks run ${name} "$@"
  else
    ${gone(name)}
  fi
}

${isCheck(name) ? checkFirst(name) : NOTIFY_LAST}`
}

/** A check runs before what was there; whether there is something, git reads from the file's mode. */
function checkFirst(name: HookName): string {
  if (name !== 'pre-push') {
    return `dw_run "$@" || exit
if [ -f "$dw_kept" ] && [ -x "$dw_kept" ]; then exec "$dw_kept" "$@"; fi
exit 0
`
  }
  return `if [ ! -f "$dw_kept" ] || [ ! -x "$dw_kept" ]; then
  dw_run "$@"
  exit
fi
# both read what git writes
dw_input=$(cat && printf x)
printf '%s' "\${dw_input%x}" | dw_run "$@" || exit
printf '%s' "\${dw_input%x}" | "$dw_kept" "$@"
`
}

const NOTIFY_LAST = `dw_status=0
if [ -f "$dw_kept" ] && [ -x "$dw_kept" ]; then
  "$dw_kept" "$@"
  dw_status=$?
fi
dw_run "$@" </dev/null
exit "$dw_status"
`

function gone(name: HookName): string {
  return `echo 'git dw: it is not installed any more, so its ${name} hook does nothing' >&2`
}

/** What git 2.54 runs by its configuration: it appends the hook's arguments. */
export function configuredCommand(name: HookName, around: Surroundings): string {
  const script = `${packageHooks(around)}/${name}`
  const run = `dw_node=${shellWord(around.runtime)} sh ${script} "$@"`
  const byPath = `elif command -v git-dw >/dev/null 2>&1; then git-dw hooks run ${name} "$@"`
  return `dw_run() { [ "\${DW_HOOKS-}" != 0 ] || return 0; if [ -f ${script} ]; then ${run}; ${byPath}; else ${gone(name)}; fi; }; dw_run`
}

/** The line for a hook that a tool manages; it may be shared, so no path of this machine stands in it. */
export function lineFor(name: HookName, manager: 'husky' | 'lefthook' | 'other'): string {
  if (manager === 'lefthook') {
    const run = `! command -v git-dw >/dev/null || git-dw hooks run ${name} {0}`
    return `- { name: git-dw, run: "${run}"${name === 'pre-push' ? ', use_stdin: true' : ''} }`
  }
  return `! command -v git-dw >/dev/null || git-dw hooks run ${name} "$@" || exit`
}

/** What tells that the line stands in a file, in whatever form. */
export function hasLine(text: string, name: HookName): boolean {
  return text
    .split('\n')
    .some((line) => !/^\s*#/.test(line) && new RegExp(`\\bgit[- ]dw hooks run ${name}\\b`).test(line))
}

function packageHooks({ programs }: Surroundings): string {
  return shellWord(join(dirname(programs), 'hooks'))
}
