import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dwHere } from '../harness/in-process.ts'
import { Sandbox } from '../harness/sandbox.ts'
import { CompletingShell, type ShellName } from './shells.ts'

const ANNA = { agent: 'anna' }
const SHELLS: readonly ShellName[] = ['bash', 'zsh', 'fish']

/** Every git process that one Tab may start, those of the shell's own completion of git included. */
const MOST_GIT = 2

let sandbox: Sandbox
let session: string

beforeAll(async () => {
  sandbox = await Sandbox.create()
  await dwHere(sandbox, ['claim', '--task', 'Fix-Login', '--no-worktree'], { agent: 'ben' })
  await dwHere(sandbox, ['claim', 'README.md', 'c:d/e', 'a $(touch pwned) b', '-m', 'why not'], ANNA)
  await dwHere(sandbox, ['project', 'add', 'Shop', '--path', 'shop'], ANNA)
  await sandbox.git(['remote', 'add', 'upstream', '../hub.git'])
  const { stdout } = await dwHere(sandbox, ['status', '--json'], ANNA)
  session = JSON.parse(stdout).session.id
})
afterAll(() => sandbox.dispose())

describe.concurrent.for(SHELLS)('%s', (name) => {
  test(`completes commands, options and what is in the repository, with ${MOST_GIT} git processes at most`, async () => {
    const shell = await CompletingShell.start(sandbox, name)
    const tries: [line: string, pattern: RegExp][] = [
      ['git dw rel', /git dw release /],
      ['git dw worktree ', /(?=.*create)(?=.*list).*remove/],
      ['git dw claim --no-w', /--no-worktree/],
      ['git dw record-result --status pa', /(?=.*partial).*passed/],
      [`git dw resume ${session.slice(0, -3)}`, new RegExp(`resume ${session} `)],
      [`git dw --session ${session.slice(0, -3)}`, new RegExp(`--session ${session} `)],
      [`git dw --session=${session.slice(0, -3)}`, new RegExp(`--session=${session} `)],
      ['git dw claim --task F', /--task Fix-Login/],
      ['git dw claim --project=Sh', /--project=Shop/],
      ['git dw release REA', /release README\.md/],
      ['git dw release task:repo/', /task:repo\/Fix-Login/],
      ['git dw release a', /a\\ \\\$\\\(touch\\ pwned\\\)\\ b/],
      ['git dw release c\\:', /:d\/e/],
      ['git dw claim --task T --branch ma', /--branch main/],
      ['git dw share up', /share upstream/],
      ['git dw claim sr', /claim src\//],
    ]
    let all = 0
    for (const [line, pattern] of tries) {
      const { git } = await shell.tab(line, pattern)
      all += git
      expect({ line, git: Math.min(git, MOST_GIT) }).toStrictEqual({ line, git })
    }
    // those that look into the repository were counted
    expect(all).toBeGreaterThanOrEqual(7)
    const screen = await shell.end()
    expect(screen).not.toMatch(/fatal|error|not found|no such file/i)
  })

  test('offers nothing and says nothing outside a repository, beside damaged records, and without the program', async () => {
    const damaged = await damagedRepository(name)
    const shell = await CompletingShell.start(sandbox, name, sandbox.root)
    await shell.tabInVain('git dw release RE')
    await shell.run(`cd ${damaged}`)
    await shell.tab('git dw release fi', /release fine/)
    await shell.tabInVain('git dw resume SESS-')
    await shell.run(`${name === 'fish' ? 'set -gx PATH' : 'PATH='}${programsWithout(name)}`)
    await shell.tabInVain('git dw release fi')
    const screen = await shell.end()
    expect(screen).not.toMatch(/fatal|error|not found|no such file/i)
  })
})

/** A repository with a readable lock, and after it one whose record is no JSON and one that is gone. */
async function damagedRepository(name: string): Promise<string> {
  const repo = join(sandbox.root, `damaged-${name}`)
  await sandbox.git(['init', '--quiet', repo])
  await dwHere(sandbox, ['claim', 'fine'], { ...ANNA, cwd: repo })
  const at = { cwd: repo }
  const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { ...at, input: 'not json\n' })
  await sandbox.git(['update-ref', 'refs/dw/locks/path/unread', blob], at)
  await sandbox.git(['update-ref', 'refs/dw/active/sess-0000000000', blob], at)
  await sandbox.run('sh', ['-c', `echo ${'1'.repeat(40)} >.git/refs/dw/locks/path/zz`], at)
  return repo
}

/** A PATH with what a shell's completion needs, and without `git-dw`. */
function programsWithout(name: string): string {
  const directory = join(sandbox.root, `without-${name}`)
  mkdirSync(directory)
  symlinkSync('/usr/bin/git', join(directory, 'git'))
  return `${name === 'fish' ? ' ' : ''}${directory}:/usr/bin:/bin`
}
