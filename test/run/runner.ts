import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ended, type Outcome, type RunOptions, type Sandbox } from '../harness/sandbox.ts'
import { LAUNCHER } from '../process/counted-git.ts'

/** A `git dw run` under way, whose command said on stdout that it runs. */
export interface Running {
  readonly child: ChildProcess
  readonly over: Promise<Outcome>
}

/** What a shell does until the file `go` in the home directory is there, for a minute at most. */
export const UNTIL_GO = 'i=0; while [ ! -e "$HOME/go" ] && [ $i -lt 1200 ]; do i=$((i + 1)); sleep 0.05; done'

/** Starts `git dw run --task T <options> -- sh -c <script>` and waits until the script has printed "running". */
export async function running(
  sandbox: Sandbox,
  script: string,
  options: RunOptions & { readonly with?: readonly string[] } = {},
): Promise<Running> {
  const args = ['run', '--task', 'T', ...(options.with ?? []), '--', 'sh', '-c', script]
  const child = sandbox.start(LAUNCHER, args, options)
  const over = ended(child)
  const started = new Promise<void>((resolve) => {
    child.stdout?.on('data', (text: Buffer) => {
      if (text.toString().includes('running')) resolve()
    })
  })
  const early = await Promise.race([started, over])
  if (early !== undefined) throw new Error(`it ended early: ${JSON.stringify(early)}`)
  return { child, over }
}

/** Waits until the file `name` in the sandbox's home is there. */
export async function fileIn(sandbox: Sandbox, name: string): Promise<void> {
  for (let tries = 0; tries < 1200; tries += 1) {
    if (existsSync(join(sandbox.home, name))) return
    await sleep(50)
  }
  throw new Error(`"${name}" never came`)
}
