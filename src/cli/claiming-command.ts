import { Option } from 'clipanion'
import { durationOption } from '../domain/duration.ts'
import type { DwError } from '../domain/error.ts'
import type { Project } from '../domain/record.ts'
import { RepositoryCommand } from './command.ts'

/** What `--wait` alone means. */
const DEFAULT_WAIT = '10m'

/** The base of commands that claim a task and make its worktree: what can be said of both. */
export abstract class ClaimingCommand extends RepositoryCommand {
  task = Option.String('--task', { description: 'The task to claim.' })
  project = Option.String('--project', {
    description: 'The project of the task; by default that of this directory.',
  })
  base = Option.String('--base', { description: 'Start a new branch at this commit (dw.base).' })
  branch = Option.String('--branch', { description: 'Use this branch, new or existing (dw.branch).' })
  adopt = Option.Boolean('--adopt', false, {
    description: 'Go on in a worktree of the branch that is there.',
  })
  ttl = Option.String('--ttl', {
    description: 'Silence after which the claim expires: 90s, 15m, 2h, 1d (dw.lockTtl).',
  })
  why = Option.String('-m,--message', { description: 'Why; others see it.' })
  wait = Option.String('--wait', {
    tolerateBoolean: true,
    description: 'Wait until what is held is free, for 10m or the duration given.',
  })

  /** What `--ttl` and `-m` say of the locks, as one claim with an id of its own. Throws DW_USAGE. */
  get terms() {
    return {
      claim: `CLAIM-${this.context.around.randomWord()}`,
      ...(this.ttl === undefined ? {} : { ttl: durationOption('--ttl', this.ttl) }),
      ...(this.why === undefined ? {} : { why: this.why }),
    }
  }

  /** What the options say of the worktree; `project` is the record of the task's project. */
  worktreeOptions(project: Project | undefined) {
    const { adopt, base, branch } = this
    return {
      adopt,
      ...(project === undefined ? {} : { project }),
      ...(base === undefined ? {} : { base }),
      ...(branch === undefined ? {} : { branch }),
    }
  }

  /** The longest wait that `--wait` allows, as a duration; undefined does not wait. Throws DW_USAGE. */
  get waitLimit(): string | undefined {
    if (this.wait === undefined || this.wait === false) return undefined
    if (this.wait === true) return DEFAULT_WAIT
    durationOption('--wait', this.wait)
    return this.wait
  }

  refuseLongReason(wrong: (message: string) => DwError): void {
    if (this.why !== undefined && this.why.length > 1000) throw wrong('-m takes at most 1,000 characters')
  }
}
