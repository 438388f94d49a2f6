import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BlobStream, type Head, TOO_MANY_BYTES } from '../../src/git/blob-stream.ts'

/** A name and a size, each with a line end; of a name with nothing after it, a line alone. */
function headAt(output: Buffer, at: number): Head<string> | null {
  const end = output.indexOf(10, at)
  if (end < 0) return null
  const [what = '', size] = output.toString('utf8', at, end).split(' ')
  return { what, start: end + 1, size: size === undefined ? null : Number(size) }
}

interface Object {
  readonly name: string
  readonly bytes: Buffer | null
}

function outputOf(objects: readonly Object[]): Buffer {
  const parts = objects.flatMap(({ name, bytes }) =>
    bytes === null ? [`${name}\n`] : [`${name} ${bytes.length}\n`, bytes, '\n'],
  )
  return Buffer.concat(parts.map((part) => Buffer.from(part)))
}

/** What a stream finds, and whether it wanted each part. */
function read(parts: readonly Buffer[]) {
  const found: Object[] = []
  const stream = new BlobStream(headAt, (name, bytes) => found.push({ name, bytes }))
  const wanted = parts.map((part) => stream.take(part))
  return { found, wanted, isTooMuch: stream.isTooMuch }
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array)),
  // what looks like the head of another
  fc.constantFrom('name 3\n', '\n', 'gone\n').map((text) => Buffer.from(text)),
)
const objects = fc.array(
  fc.record(
    {
      name: fc.stringMatching(/^[a-z]{1,9}$/),
      bytes: fc.option(bytes),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 12 },
)

test('objects are found whole wherever the output is cut', () => {
  fc.assert(
    fc.property(objects, fc.array(fc.nat(40), { minLength: 1 }), (all, lengths) => {
      const output = outputOf(all)
      const parts: Buffer[] = []
      for (let at = 0, turn = 0; at < output.length; turn += 1) {
        const length = 1 + (lengths[turn % lengths.length] ?? 0)
        parts.push(output.subarray(at, at + length))
        at += length
      }
      const { found, wanted } = read(parts)
      expect(found).toStrictEqual(all)
      expect(wanted).not.toContain(false)
    }),
  )
})

test('of what is too large to be a record the name alone is kept, and what follows is found', () => {
  const small = { name: 'small', bytes: Buffer.from('{}') }
  const most = { name: 'most', bytes: Buffer.alloc(TOO_MANY_BYTES, 1) }
  const large = { name: 'large', bytes: Buffer.alloc(TOO_MANY_BYTES + 1, 10) }
  const output = outputOf([small, large, most, large, small])
  const expected = [small, large, most, large, small].map(({ bytes: whole }) => whole)
  for (const length of [output.length, 64 * 1024, 1000, 333_333]) {
    const count = Math.ceil(output.length / length)
    const parts = Array.from({ length: count }, (_, at) => output.subarray(at * length, (at + 1) * length))
    const { found } = read(parts)
    expect(found.map(({ name }) => name)).toStrictEqual(['small', 'large', 'most', 'large', 'small'])
    // compared as a whole: one byte after the other takes minutes
    const isSame = found.map(({ bytes: seen }, at) => seen?.equals(expected[at] ?? Buffer.of()) ?? null)
    expect(isSame).toStrictEqual([true, null, true, null, true])
  }
})

test('what passes over more than 32 MiB wants no more of it', () => {
  const huge = (mebibytes: number) => Buffer.from(`huge ${mebibytes * 1024 * 1024}\n`)
  expect(read([huge(32)])).toMatchObject({ wanted: [true], isTooMuch: false })
  expect(read([huge(33)])).toMatchObject({ wanted: [false], isTooMuch: true })
})
