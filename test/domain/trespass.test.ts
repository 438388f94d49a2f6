import { describe, expect, test } from 'vitest'
import type { Holding } from '../../src/domain/claim.ts'
import { lockName, parseKey } from '../../src/domain/key.ts'
import type { BlobId, Lock } from '../../src/domain/record.ts'
import { refusedFor, trespassLines } from '../../src/domain/trespass.ts'
import { OWNER, sessionWith, timestamp } from './arbitrary.ts'

const NOW = Date.parse('2026-01-02T03:04:05.000Z')
const vantage = { clone: OWNER.clone, now: NOW, observed: new Map() }

function holdingOf(key: string): Holding {
  const session = sessionWith({ lastActivity: timestamp(NOW) })
  const record: Lock = {
    kind: 'lock',
    id: 'LOCK-1',
    key,
    session: session.id,
    owner: OWNER,
    claim: 'CLAIM-1',
    acquiredAt: timestamp(NOW - 720_000),
    ttl: 7200,
  }
  return {
    name: lockName(parseKey(key)),
    key: parseKey(key),
    oid: '0' as BlobId,
    record,
    session,
    state: 'live',
  }
}

describe('a trespass', () => {
  test('names the paths, the lock, its holder and since when', () => {
    const [line] = trespassLines([{ holding: holdingOf('src'), paths: ['src/a.ts', 'src/b.ts'] }], vantage)
    expect(line).toMatch(
      /^"src\/a\.ts", "src\/b\.ts": "src" is held by SESS-AAAAAAAAAA \(ann@mill, claimed 12m ago/,
    )
  })

  test('says a path once that is the lock itself', () => {
    const [line] = trespassLines([{ holding: holdingOf('src'), paths: ['src'] }], vantage)
    expect(line).toMatch(/^"src" is held by/)
  })

  test('counts the paths that one line has no room for', () => {
    const paths = Array.from({ length: 10_000 }, (_, at) => `src/${at}`)
    const [line = ''] = trespassLines([{ holding: holdingOf('src'), paths }], vantage)
    expect(line).toContain('"src/19" and 9980 more: ')
  })

  test('shows no character of a path that could act on a terminal', () => {
    const [line] = trespassLines([{ holding: holdingOf('src'), paths: ['src/\u001b[2J\n'] }], vantage)
    expect(line).toContain('"src/\\u001b[2J\\u000a"')
  })

  test('ends with what to do: who works, wait, or take it, quoted for the shell', () => {
    const trespasses = [{ holding: holdingOf("it's"), paths: [], branch: 'feature/x' }]
    const error = refusedFor('no', trespasses, vantage, ['first'])
    expect(error).toMatchObject({ code: 'DW_LOCKED', details: { holders: [{ key: "it's" }] } })
    expect(error.message).toMatch(/^no\nbranch "feature\/x": "it's" is held by/)
    expect(error.hints.at(0)).toBe('first')
    expect(error.hints.at(-1)).toContain(`git dw claim 'it'\\''s' --steal -m "<why>"`)
  })
})
