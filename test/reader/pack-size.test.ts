import { execFileSync } from 'node:child_process'
import { deflateSync } from 'node:zlib'
import { expect } from 'vitest'
import { unpackedSize } from '../../src/reader/pack-size.ts'
import { test } from '../harness/transcript.ts'

const BLOB = 3
const OFS_DELTA = 6

/** An entry's header: type and size, seven bits a byte after the first. */
function header(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size & 15)]
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 128
    bytes.push(rest & 127)
  }
  return Buffer.from(bytes)
}

function number(value: number): Buffer {
  const bytes = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 128
    bytes.push(rest % 128)
  }
  return Buffer.from(bytes)
}

function packOf(...entries: Buffer[]): Buffer {
  const head = Buffer.from('PACK\0\0\0\u0002\0\0\0\0', 'latin1')
  head.writeUInt32BE(entries.length, 8)
  return Buffer.concat([head, ...entries, Buffer.alloc(20)])
}

const MIB = 1024 * 1024

test('the size of a real pack with deltas is that of all its objects and deltas', async ({ sandbox }) => {
  const lines = Array.from({ length: 200 }, (_, at) => `line ${at} of a file that changes little`)
  for (const at of [0, 1, 2]) {
    sandbox.write('a.txt', [...lines, `change ${at}`].join('\n'))
    await sandbox.git(['add', '.'])
    await sandbox.git(['commit', '-qm', `change ${at}`])
  }
  const pack = execFileSync('git', ['pack-objects', '--all', '--stdout', '-q', '--window=10'], {
    cwd: sandbox.repo,
    env: sandbox.env(),
    input: '',
  })
  const objects = await sandbox.git([
    'cat-file',
    '--batch-all-objects',
    '--batch-check=%(objectsize) %(deltabase)',
  ])
  const sizes = objects.split('\n').map((line) => Number(line.split(' ')[0]))
  const whole = sizes.reduce((sum, size) => sum + size, 0)
  const size = unpackedSize(pack, MIB)
  expect(size).toBeGreaterThanOrEqual(whole)
  expect(size).toBeLessThan(whole + 2000)
})

test('a small pack with a huge object is found out, whatever its header says', () => {
  const zeros = deflateSync(Buffer.alloc(20 * MIB))
  expect(unpackedSize(packOf(Buffer.concat([header(BLOB, 20 * MIB), zeros])), MIB)).toBeNull()
  // a header that lies does not get more than it says
  expect(() => unpackedSize(packOf(Buffer.concat([header(BLOB, 10), zeros])), MIB)).toThrow(/larger than/)
})

test('a delta that makes much of little is found out', () => {
  const base = Buffer.concat([header(BLOB, 3), deflateSync(Buffer.from('abc'))])
  const delta = Buffer.concat([number(3), number(500 * MIB), Buffer.from([0x90, 3])])
  const entry = Buffer.concat([
    header(OFS_DELTA, delta.length),
    Buffer.from([base.length]),
    deflateSync(delta),
  ])
  expect(unpackedSize(packOf(base, entry), MIB)).toBeNull()
  expect(unpackedSize(packOf(base, entry), 501 * MIB)).toBe(3 + delta.length + 500 * MIB)
})

test('what is no pack is refused', () => {
  for (const bytes of ['', 'PACK', 'PACKnonsense and more of it', 'no pack at all']) {
    expect(() => unpackedSize(Buffer.from(bytes), MIB)).toThrow()
  }
})
