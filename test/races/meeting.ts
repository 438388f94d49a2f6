import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PROGRAMS, type Sandbox } from '../harness/sandbox.ts'

/** The launcher, to be started without `git` before it: git would put its own programs first on PATH. */
export const LAUNCHER = join(PROGRAMS, 'git-dw')

/**
 * The environment of processes that wait for each other before each of them calls `git <command>` for the
 * `nth` time: `count` of them must have come before any goes on. It stands in for git on PATH.
 */
export function meetingAt(
  sandbox: Sandbox,
  command: string,
  count: number,
  nth = 1,
): { readonly PATH: string } {
  const directory = mkdtempSync(join(sandbox.root, 'meeting-'))
  const path = sandbox.env()['PATH'] ?? ''
  writeFileSync(join(directory, 'git'), script(gitOn(path), directory, command, count, nth))
  chmodSync(join(directory, 'git'), 0o755)
  return { PATH: `${directory}:${path}` }
}

function script(git: string, directory: string, command: string, count: number, nth: number): string {
  return `#!/bin/sh
case " $* " in
*" ${command} "*)
  calls=1
  while ! mkdir "${directory}/call-$PPID-$calls" 2>/dev/null; do calls=$((calls + 1)); done
  if [ $calls -eq ${nth} ]; then
    mkdir "${directory}/came-$PPID"
    rounds=0
    while [ "$(ls -d "${directory}"/came-* | wc -l)" -lt ${count} ] && [ $rounds -lt 2000 ]; do
      sleep 0.01
      rounds=$((rounds + 1))
    done
  fi
esac
exec "${git}" "$@"
`
}

/** The environment of a process that stops before its `nth` `git <command>` until `goOn` is called. */
export function stoppingAt(
  sandbox: Sandbox,
  command: string,
  nth = 1,
): {
  readonly env: { readonly PATH: string }
  readonly stopped: () => Promise<void>
  readonly goOn: () => void
} {
  const env = meetingAt(sandbox, command, 2, nth)
  const directory = env.PATH.split(':')[0] ?? ''
  const arrivals = () => readdirSync(directory).filter((name) => name.startsWith('came-'))
  const stopped = async () => {
    while (arrivals().length === 0) await sleep(10)
  }
  return { env, stopped, goOn: () => mkdirSync(join(directory, 'came-last')) }
}

/** The environment of processes whose `git … <command> …` is killed. */
export function dyingAt(sandbox: Sandbox, command: string): { readonly PATH: string } {
  const directory = mkdtempSync(join(sandbox.root, 'dying-'))
  const path = sandbox.env()['PATH'] ?? ''
  const dying = `case " $* " in *" ${command} "*) kill -9 $$ ;; esac`
  writeFileSync(join(directory, 'git'), `#!/bin/sh\n${dying}\nexec "${gitOn(path)}" "$@"\n`)
  chmodSync(join(directory, 'git'), 0o755)
  return { PATH: `${directory}:${path}` }
}

/** The git that a process with this PATH starts. */
function gitOn(path: string): string {
  const env = { PATH: path }
  return execFileSync('sh', ['-c', 'command -v git'], { env, encoding: 'utf8' }).trim()
}
