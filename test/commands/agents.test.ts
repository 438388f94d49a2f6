import {
  chmodSync,
  existsSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { AGENTS_BLOCK } from '../../src/domain/agents-block.ts'
import { dwHere } from '../harness/in-process.ts'
import { Sandbox } from '../harness/sandbox.ts'

let sandbox: Sandbox
let agents: string
let claude: string

beforeAll(async () => {
  sandbox = await Sandbox.create()
  agents = join(sandbox.repo, 'AGENTS.md')
  claude = join(sandbox.repo, 'CLAUDE.md')
})
afterEach(() => {
  for (const file of [agents, claude]) rmSync(file, { force: true })
})
afterAll(() => sandbox.dispose())

const write = (cwd = sandbox.repo) => dwHere(sandbox, ['agents', '--write'], { cwd })

test('the block is printed anywhere, and nothing is written', async () => {
  const outside = await dwHere(sandbox, ['agents'], { cwd: sandbox.root })
  expect(outside).toMatchObject({ status: 0, stdout: AGENTS_BLOCK })
  expect(existsSync(agents)).toBe(false)
})

test('where there is no file, AGENTS.md is made at the top, once', async () => {
  expect(await write(join(sandbox.repo, 'src'))).toMatchObject({ status: 0, stdout: 'AGENTS.md  created\n' })
  expect(readFileSync(agents, 'utf8')).toBe(AGENTS_BLOCK)
  expect(await write()).toMatchObject({ stdout: 'AGENTS.md  unchanged\n' })
  expect(existsSync(claude)).toBe(false)
})

test('a file keeps every other byte, its line endings and its permissions when the block is updated', async () => {
  const old = AGENTS_BLOCK.replace('Claim before you edit', 'Do as you like').replaceAll('\n', '\r\n')
  const [before, after] = [Buffer.from([0xff, 0x0d, 0x0a, 0xe9, 0x20, 0x0d, 0x0a]), Buffer.from('end \t')]
  writeFileSync(claude, Buffer.concat([before, Buffer.from(old), after]))
  chmodSync(claude, 0o640)
  expect(await write()).toMatchObject({ status: 0, stdout: 'CLAUDE.md  updated\n' })
  const fresh = Buffer.from(AGENTS_BLOCK.replaceAll('\n', '\r\n'))
  expect(readFileSync(claude).equals(Buffer.concat([before, fresh, after]))).toBe(true)
  expect(statSync(claude).mode & 0o777).toBe(0o640)
})

test('a CLAUDE.md that is a link to AGENTS.md stays one', async () => {
  writeFileSync(agents, '# ours\n')
  symlinkSync('AGENTS.md', claude)
  expect(await write()).toMatchObject({ stdout: 'AGENTS.md  added\n' })
  expect(readlinkSync(claude)).toBe('AGENTS.md')
  expect(lstatSync(agents).isFile()).toBe(true)
  expect(readFileSync(claude, 'utf8')).toBe(`# ours\n\n${AGENTS_BLOCK}`)
})

test('an AGENTS.md that is a link within the worktree stays one', async () => {
  writeFileSync(claude, '# ours')
  symlinkSync('CLAUDE.md', agents)
  expect(await write()).toMatchObject({ stdout: 'AGENTS.md  added\n' })
  expect(readlinkSync(agents)).toBe('CLAUDE.md')
  expect(readFileSync(claude, 'utf8')).toBe(`# ours\n\n${AGENTS_BLOCK}`)
})

test('a CLAUDE.md that imports AGENTS.md is left alone; one that does not gets the block too', async () => {
  writeFileSync(agents, '')
  writeFileSync(claude, 'see\n@AGENTS.md\n')
  expect(await write()).toMatchObject({ stdout: 'AGENTS.md  added\n' })
  writeFileSync(claude, 'see\n')
  expect(await write()).toMatchObject({ stdout: 'AGENTS.md  unchanged\nCLAUDE.md  added\n' })
})

test('nothing is written where it cannot be told what is ours, or a link leads elsewhere', async () => {
  writeFileSync(agents, '# ours\n')
  writeFileSync(claude, `${AGENTS_BLOCK}${AGENTS_BLOCK}`)
  const twice = await write()
  expect(twice).toMatchObject({ status: 1, stdout: '' })
  expect(twice.stderr).toMatch(/^git dw: "CLAUDE.md" is left as it is: .*\n {2}→ .*: git dw agents$/m)
  rmSync(claude)
  writeFileSync(join(sandbox.home, 'shared.md'), 'for all repositories\n')
  symlinkSync(join(sandbox.home, 'shared.md'), claude)
  expect((await write()).stderr).toMatch(/outside this worktree/)
  expect(readFileSync(join(sandbox.home, 'shared.md'), 'utf8')).toBe('for all repositories\n')
  rmSync(claude)
  symlinkSync('nowhere', claude)
  expect(await write()).toMatchObject({ status: 1, stdout: '' })
  expect(readFileSync(agents, 'utf8')).toBe('# ours\n')
})

test('a bare repository has no file to write to', async () => {
  const bare = join(sandbox.root, 'bare.git')
  await sandbox.git(['init', '--quiet', '--bare', bare])
  expect(await write(bare)).toMatchObject({ status: 128, stdout: '' })
})
