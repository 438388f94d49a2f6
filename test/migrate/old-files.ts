import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A time some minutes from now, as the older dw wrote it. */
export function minutes(from: number): string {
  return new Date(Date.now() + from * 60_000).toISOString()
}

/** What a test says of a session; the rest is usual. */
export interface Telling {
  readonly status?: string
  readonly project?: { readonly id: string; readonly name: string; readonly path: string } | null
  readonly task?: string | null
  readonly worktree?: string | null
  readonly branch?: string
  readonly locks?: readonly string[]
  readonly last?: number
}

/** Writes old files of every format, the way the older dw did. */
export class OldFiles {
  readonly directory: string
  readonly #sessions: object[] = []
  readonly #locks: object[] = []
  readonly #projects: object[] = []

  constructor(directory: string) {
    this.directory = directory
    mkdirSync(directory, { recursive: true })
  }

  /** Any file, as text or as JSON. */
  write(name: string, value: unknown): this {
    const path = join(this.directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, typeof value === 'string' ? value : `${JSON.stringify(value, null, 2)}\n`)
    return this
  }

  v1(sessionId: string, activeProject: string | null, more: object = {}, name = 'active.json'): this {
    return this.write(name, { sessionId, activeProject, startTime: minutes(-90), status: 'active', ...more })
  }

  /** A session of v2, in the registry and in its own file; `differs` changes its file alone. */
  session(id: string, told: Telling = {}, differs: object = {}): this {
    const { status = 'active', project = null, task = null, worktree = null, locks = [], last = -5 } = told
    const life = { status, createdAt: minutes(-60), lastActivity: minutes(last) }
    this.#sessions.push({
      id,
      projectId: project?.id ?? null,
      projectName: project?.name ?? null,
      taskId: task,
      worktreePath: worktree,
      ...life,
    })
    this.write('sessions.json', { sessions: this.#sessions, version: '2.0' })
    const branch = told.branch ?? `feature/${task}`
    return this.write(`sessions/${id}.json`, {
      id,
      project,
      currentTask: task,
      worktree: worktree === null ? null : { path: worktree, branch, createdAt: minutes(-50) },
      locks,
      prUrl: null,
      tgSessionId: 'tg-1',
      tmuxSession: 'dw-1',
      ...life,
      ...differs,
    })
  }

  lock(lockId: string, ownerId: string, projectId: string, taskId: string, more: object = {}): this {
    const times = { acquiredAt: minutes(-10), expiresAt: minutes(50) }
    this.#locks.push({ lockId, projectId, taskId, ownerId, ...times, status: 'active', ...more })
    return this.write('locks.json', { locks: this.#locks })
  }

  project(id: string, name: string, path: string, file = 'registry/projects.json'): this {
    this.#projects.push({ id, name, path, remote: 'git@example.com:x.git', addedAt: minutes(-900) })
    return this.write(file, { projects: this.#projects })
  }

  events(
    ...lines: readonly (readonly [minute: number, event: string, session: string | null, data?: unknown])[]
  ): this {
    const texts = lines.map(([minute, event, sessionId, data = {}]) =>
      JSON.stringify({ timestamp: minutes(minute), event, sessionId, data }),
    )
    return this.write('audit.log', texts.map((text) => `${text}\n`).join(''))
  }

  /** Every file with its bytes. */
  bytes(): Map<string, string> {
    const names = readdirSync(this.directory, { recursive: true, withFileTypes: true })
    const files = names
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
    return new Map(files.sort().map((path) => [path, readFileSync(path, 'latin1')]))
  }
}
