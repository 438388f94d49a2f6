import { resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { encodeComponent } from '../../src/domain/name.ts'
import { componentNames } from '../domain/arbitrary.ts'
import { Shell } from '../identity/shell.ts'
import { CountedHooks, SHELLS } from './counted.ts'
import { type Pushing, test } from './pushing.ts'

const GROUND = resolve(import.meta.dirname, '../../hooks/ground.sh')

describe('who a hook’s script takes me for', () => {
  test.for(SHELLS)(
    'under %s, names of files are those of the program, or none',
    async ([, shell], { pushing }) => {
      const alphabet = 'abzABZ019_.+=,-:@/%'
      const seats = fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength: 90 })
      const names = [
        ...['SESS-1KB4W4R0YX', 'claude-code:0B5c-9', 'tmux:/tmp/tmux-1000/default,12,0:%3:77@1a2b3c4d:998'],
        ...fc.sample(seats, { numRuns: 150, seed: 7 }),
        ...fc
          .sample(componentNames, { numRuns: 100, seed: 7 })
          .filter((name) => !/[\n\0\ud800-\udfff]/.test(name)),
      ]
      const script = `LC_ALL=C; . '${GROUND}'; while IFS= read -r n; do if dw_encode "$n"; then printf '%s\\n' "$dw_encoded"; else echo; fi; done`
      const [program = '', ...rest] = shell
      const input = names.map((name) => `${name}\n`).join('')
      const { stdout } = await pushing.sandbox.run(program, [...rest, '-c', script], { input })
      const encoded = stdout.split('\n').slice(0, -1)
      expect(encoded).toHaveLength(names.length)
      expect(encoded.slice(0, 3).every((name) => name !== '')).toBe(true)
      const wrong = names.filter((name, at) => encoded[at] !== '' && encoded[at] !== encodeComponent(name))
      expect(wrong.filter((name) => !/^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(name))).toStrictEqual(
        [],
      )
    },
  )

  test.for([
    ['the tty', {}],
    ['tmux', { TMUX: '/tmp/tmux-0/default,1,0', TMUX_PANE: '%1' }],
    ['TERM_SESSION_ID', { TERM_SESSION_ID: 'w0t0p0:0B0B' }],
    ['WT_SESSION', { WT_SESSION: '6b6b-0000' }],
  ] as const)(
    'in a terminal known by %s it is the session that is bound to it',
    async ([, env], { pushing }) => {
      const { sandbox } = pushing
      const [mine, theirs] = [new Shell(sandbox, { env }), new Shell(sandbox, { env })]
      try {
        expect((await mine.run('git dw claim src')).status).toBe(0)
        const counted = new CountedHooks(sandbox)
        expect(await startsNode(pushing, counted, mine)).toBe(0)
        expect(await startsNode(pushing, counted, theirs)).toBe(1)
        // a session that was carried on elsewhere is not mine any more
        expect((await theirs.run('git dw resume SESS- --takeover')).status).toBe(0)
        expect(await startsNode(pushing, counted, mine)).toBe(1)
        expect(await startsNode(pushing, counted, theirs)).toBe(0)
        expect((await theirs.run('git dw end')).status).toBe(0)
        expect(await startsNode(pushing, counted, theirs)).toBe(0)
      } finally {
        await Promise.all([mine.close(), theirs.close()])
      }
    },
  )
})

/** How often Node was started by a push of what is held: once for whoever does not hold it, and then it is refused. */
async function startsNode({ sandbox }: Pushing, counted: CountedHooks, shell: Shell): Promise<number> {
  const head = await sandbox.git(['rev-parse', 'HEAD'])
  const line = `refs/heads/x ${head} refs/heads/x ${'0'.repeat(40)}`
  const command = counted.command('pre-push', ['elsewhere', 'url'], line)
  const { status } = await shell.run(command, { stderr: 'terminal' })
  expect(counted.started('git')).toBeGreaterThan(0)
  expect(counted.started('node')).toBe(status)
  return status
}
