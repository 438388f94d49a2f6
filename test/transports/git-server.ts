import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** A server on loopback that gives git access to repositories of this machine. */
export interface GitServer {
  /** The URL of the repository at `path`. */
  url(path: string): string
  /** Settings of git with which a client is let in, to be made in its global configuration. */
  readonly login: Readonly<Record<string, string>>
  /** How often a git has come and was let in so far, whatever it did then. */
  connections(): number
  /** Of its processes those that lead a group. */
  readonly pids: readonly number[]
  /** Ends it and leaves nothing behind. */
  stop(): Promise<void>
}

/** The environment of the git of a server: nothing of this machine's user, and nothing is synced to disk. */
export function serverEnvironment(directory: string): Readonly<Record<string, string>> {
  const home = join(directory, 'home')
  mkdirSync(home)
  return { PATH: process.env['PATH'] ?? '', HOME: home, GIT_CONFIG_NOSYSTEM: '1', GIT_TEST_FSYNC: '0' }
}

/** Where git keeps its own programs, such as `git-http-backend`. */
export function gitPrograms(): string {
  return execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim()
}
