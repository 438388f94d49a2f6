import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encode } from '../src/store/codec.ts'
import { writeBlob } from '../test/harness/loose-objects.ts'
import { PROGRAMS, Sandbox } from '../test/harness/sandbox.ts'
import { sampleLock, sampleSession } from '../test/store/record-samples.ts'
import type { Case } from './cases.ts'
import { measure } from './measure.ts'

const COUNT = Number(process.env['BENCH_RECORDS'] ?? 10_000)
/** No command may take more times as long as beside as many sound records. */
const BAR = 2
const COMMANDS = [['status'], ['sessions'], ['locks'], ['check', 'src'], ['doctor'], ['cleanup', '--dry-run']]

/** What stands in the place of each sound record. */
const BODIES: Readonly<Record<string, (sound: string, at: number) => string>> = {
  sound: (sound) => sound,
  'no JSON': () => 'junk\n',
  'cut off': (sound) => sound.slice(0, -20),
  'another ref': (sound, at) => sound.replace(/SESS-\w+/g, `SESS-X${at}`).replace('"key":"k', '"key":"x'),
  nested: (sound) => `${sound.slice(0, -2)},"x":${'['.repeat(200)}${']'.repeat(200)}}\n`,
}

/** Measures reading commands beside hostile records, as times of what they take beside sound ones. */
async function main(): Promise<void> {
  const sandboxes: Sandbox[] = []
  try {
    const cases: Case[] = []
    for (const [kind, bodyOf] of Object.entries(BODIES)) {
      const sandbox = await Sandbox.create()
      sandboxes.push(sandbox)
      await seed(sandbox, bodyOf)
      cases.push(
        ...COMMANDS.map(
          (args): Case => ({ name: `${args.join(' ')}|${kind}`, run: () => run(sandbox, args) }),
        ),
      )
    }
    const found = new Map(
      measure(cases, Number(process.env['BENCH_ROUNDS'] ?? 5)).map((each) => [each.name, each.median]),
    )
    for (const args of COMMANDS) {
      const sound = found.get(`${args.join(' ')}|sound`) ?? Number.NaN
      for (const kind of Object.keys(BODIES).slice(1)) {
        const ratio = (found.get(`${args.join(' ')}|${kind}`) ?? Number.NaN) / sound
        const verdict = ratio <= BAR ? 'holds' : 'is missed'
        process.stdout.write(
          `| ${args.join(' ')} | ${COUNT} ${kind} | ${ratio.toFixed(2)} × | the bar of ${BAR} × ${verdict} |\n`,
        )
      }
    }
  } finally {
    for (const sandbox of sandboxes) sandbox.dispose()
  }
}

/** Half of the records are sessions, half are locks of theirs. */
async function seed(sandbox: Sandbox, bodyOf: (sound: string, at: number) => string): Promise<void> {
  await sandbox.dw(['claim', 'mine'], { agent: 'bench' })
  const gitDir = join(sandbox.repo, '.git')
  const lines: string[] = []
  for (let at = 0; at < COUNT / 2; at += 1) {
    const number = String(at).padStart(9, '0')
    const session = sampleSession({ id: `SESS-S${number}` as never, revoked: [] })
    const lock = sampleLock(`k${number}`, { session: session.id })
    for (const [ref, record] of [
      [`refs/dw/active/sess-s${number}`, session],
      [`refs/dw/locks/path/k${number}`, lock],
    ] as const) {
      const sound = encode(record, { rev: 1, nonce: `n${at}` }).toString()
      lines.push(`${writeBlob(gitDir, bodyOf(sound, at))} ${ref}`)
    }
  }
  lines.sort((a, b) => (a.split(' ')[1] ?? '').localeCompare(b.split(' ')[1] ?? '', 'en'))
  writeFileSync(join(gitDir, 'packed-refs'), `# pack-refs with: peeled fully-peeled \n${lines.join('\n')}\n`)
  await sandbox.git(['pack-refs', '--all'])
  await sandbox.git(['-c', 'gc.auto=0', 'repack', '-q', '-a', '-d'])
}

function run(sandbox: Sandbox, args: readonly string[]): void {
  const main = join(PROGRAMS, '..', 'dist', 'main.js')
  const options = { cwd: sandbox.repo, env: sandbox.env({ agent: 'bench' }), maxBuffer: 1 << 28 }
  const { status, error } = spawnSync(process.execPath, [main, ...args], options)
  // doctor finds what is wrong, check says who holds it
  if (error !== undefined || (status !== 0 && status !== 1)) throw new Error(`${args.join(' ')}: ${status}`)
}

await main()
