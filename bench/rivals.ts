import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sandbox } from '../test/harness/sandbox.ts'
import type { Case } from './cases.ts'

export const ETCD = '`etcdctl lock <name> true`, local etcd'
const SVN = '`svn lock`, `file://`'
const LFS = '`git lfs lock`, lock server that only answers'

/** Other tools' locks, of those that are installed, and how to stop what they need. */
export interface Rivals {
  readonly cases: readonly Case[]
  readonly stop: () => Promise<void>
}

/** Sets up etcd, Subversion and git-lfs in the sandbox, where they are. */
export async function rivals(sandbox: Sandbox): Promise<Rivals> {
  const found = await Promise.all([
    has('etcd') && has('etcdctl') ? etcd(sandbox) : null,
    has('svn') && has('svnadmin') ? subversion(sandbox) : null,
    has('git-lfs') ? lfs(sandbox) : null,
  ])
  const there = found.filter((each) => each !== null)
  return {
    cases: there.flatMap(({ cases }) => cases),
    stop: async () => void (await Promise.all(there.map(({ stop }) => stop()))),
  }
}

function has(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

function must(
  sandbox: Sandbox,
  program: string,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): void {
  const env = { ...sandbox.env(), ...more }
  const result = spawnSync(program, args, { cwd: sandbox.repo, env, encoding: 'utf8' })
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr}`)
}

async function etcd(sandbox: Sandbox): Promise<Rivals> {
  const [client, peer] = [await freePort(), await freePort()]
  const url = (port: number) => `http://127.0.0.1:${port}`
  const args = ['--name', 'bench', '--data-dir', join(sandbox.root, 'etcd'), '--log-level', 'error']
  const listen = ['--listen-client-urls', url(client), '--advertise-client-urls', url(client)]
  const peers = ['--listen-peer-urls', url(peer), '--initial-advertise-peer-urls', url(peer)]
  const cluster = ['--initial-cluster', `bench=${url(peer)}`]
  const server = spawn('etcd', [...args, ...listen, ...peers, ...cluster], { stdio: 'ignore' })
  const env = { ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: url(client) }
  const answers = () =>
    spawnSync('etcdctl', ['endpoint', 'health'], { env: { ...sandbox.env(), ...env } }).status === 0
  for (let tries = 0; !answers(); tries += 1) {
    if (tries > 100) throw new Error('etcd does not answer')
    await sleep(100)
  }
  const run = (round: number) => must(sandbox, 'etcdctl', ['lock', `bench/${round}`, 'true'], env)
  return { cases: [{ name: ETCD, run }], stop: () => ended(server) }
}

async function subversion(sandbox: Sandbox): Promise<Rivals> {
  const [repository, copy] = [join(sandbox.root, 'svn'), join(sandbox.root, 'svn-copy')]
  must(sandbox, 'svnadmin', ['create', repository])
  must(sandbox, 'svn', ['-q', 'checkout', `file://${repository}`, copy])
  const files = Array.from({ length: 200 }, (_, at) => join(copy, `f${at}`))
  must(sandbox, 'sh', ['-c', 'for file; do : >"$file"; done', 'sh', ...files])
  must(sandbox, 'svn', ['-q', 'add', ...files])
  must(sandbox, 'svn', ['-q', 'commit', '-m', 'files', copy])
  const run = (round: number) => must(sandbox, 'svn', ['-q', 'lock', files[round] ?? ''])
  return { cases: [{ name: SVN, run }], stop: async () => undefined }
}

/** The server runs in a process of its own: this one waits for each command. */
async function lfs(sandbox: Sandbox): Promise<Rivals> {
  const port = await freePort()
  const program = `require('node:http').createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += chunk)).on('end', () => {
      const { path = '' } = body === '' ? {} : JSON.parse(body)
      const lock = { id: path, path, locked_at: new Date().toISOString(), owner: { name: 'ann' } }
      response.writeHead(201, { 'content-type': 'application/vnd.git-lfs+json' }).end(JSON.stringify({ lock }))
    })
  }).listen(${port}, '127.0.0.1')`
  const server = spawn(process.execPath, ['-e', program], { stdio: 'ignore' })
  const config = ['-c', `lfs.url=http://127.0.0.1:${port}`, '-c', 'lfs.locksverify=false']
  await sleep(500)
  const run = (round: number) => must(sandbox, 'git', [...config, 'lfs', 'lock', `lfs/${round}`])
  return { cases: [{ name: LFS, run }], stop: () => ended(server) }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function ended(child: ChildProcess): Promise<void> {
  const over = new Promise((resolve) => child.once('exit', resolve))
  child.kill()
  await over
}
