import { expect, test } from 'vitest'
import { readHistory } from './read-history.ts'

const NONE = '0'.repeat(40)
const oid = (digit: string) => digit.repeat(40)
const told = (what: string) => JSON.stringify({ kind: 'told', what, time: 5000 })
const line = (state: string, pid: number, call: string, from: string, to: string, ref: string) =>
  `# ${state} ${pid} ${call} ${from} ${to} ${ref}`
const read = (lines: readonly string[], final: readonly (readonly [string, string])[]) =>
  readHistory(lines, { initial: new Map(), final: new Map(final) })
const moves = (events: ReturnType<typeof read>) =>
  events.flatMap((event) => (event.kind === 'arbiter moved' ? [[event.move.ref, event.move.to]] : []))

test('a transaction stands where its refs were locked, writes by name before it deletes, with the next note as its time', () => {
  const events = read(
    [
      line('prepared', 7, '1', NONE, oid('a'), 'refs/dw/locks/path/x'),
      line('prepared', 7, '1', NONE, oid('b'), 'refs/dw/active/s'),
      line('committed', 7, '1', NONE, oid('a'), 'refs/dw/locks/path/x'),
      line('committed', 7, '1', NONE, oid('b'), 'refs/dw/active/s'),
      told('a'),
      line('prepared', 8, '2', oid('a'), NONE, 'refs/dw/locks/path/x'),
      line('prepared', 8, '2', oid('b'), oid('c'), 'refs/dw/active/s'),
      line('committed', 8, '2', oid('a'), NONE, 'refs/dw/locks/path/x'),
      JSON.stringify({ kind: 'killed', call: 2, time: 7000 }),
    ],
    [['refs/dw/active/s', oid('c')]],
  )
  expect(moves(events)).toStrictEqual([
    ['refs/dw/active/s', oid('b')],
    ['refs/dw/locks/path/x', oid('a')],
    ['refs/dw/active/s', oid('c')],
    ['refs/dw/locks/path/x', null],
  ])
  expect(events[0]).toMatchObject({ transaction: 0, call: 1, time: 5000 })
  expect(events[2]).toMatchObject({ transaction: 1, call: 2, time: 7000 })
  expect(events[4]).toMatchObject({ kind: 'killed', call: 2 })
})

test('one that was cut short is in the order in which git wrote it, and says so', () => {
  const killed = [
    line('prepared', 7, '1', NONE, oid('a'), 'refs/dw/locks/path/x'),
    line('prepared', 7, '1', NONE, oid('b'), 'refs/dw/active/s'),
    line('prepared', 7, '1', NONE, oid('d'), 'refs/dw/log/s'),
  ]
  const left = [
    ['refs/dw/active/s', oid('b')],
    ['refs/dw/locks/path/x', oid('a')],
  ] as const
  const events = read([...killed, told('the end')], left)
  expect(moves(events)).toStrictEqual([...left].reverse())
  expect(events.map((event) => 'cut' in event && event.cut)).toStrictEqual([true, true])
})

test('of a server that was killed, what the next transaction found tells what it had made, and the end of the rest', () => {
  const killed = [
    line('prepared', 7, '1', NONE, oid('b'), 'refs/dw/active/s'),
    line('prepared', 7, '1', NONE, oid('a'), 'refs/dw/locks/path/x'),
    line('prepared', 7, '1', NONE, oid('d'), 'refs/dw/log/s'),
  ]
  const next = [
    line('prepared', 8, '2', oid('b'), oid('c'), 'refs/dw/active/s'),
    line('committed', 8, '2', oid('b'), oid('c'), 'refs/dw/active/s'),
    told('the end'),
  ]
  const final = [['refs/dw/active/s', oid('c')]] as const
  const events = read([...killed, ...next], [...final, ['refs/dw/locks/path/x', oid('a')]])
  expect(moves(events)).toStrictEqual([
    ['refs/dw/active/s', oid('b')],
    ['refs/dw/locks/path/x', oid('a')],
    ['refs/dw/active/s', oid('c')],
  ])
  // made before what the next one found, or before the end
  expect(events.map((event) => 'until' in event && event.until)).toStrictEqual([2, 3, 3])
  expect(() => read([...killed, ...next], [...final, ['refs/dw/log/s', oid('e')]])).toThrow('was left as')
})

test('what was aborted, and what packing does, is nothing that happened; what nobody made is an error', () => {
  const lines = [
    line('prepared', 7, '1', NONE, oid('b'), 'refs/dw/active/s'),
    line('aborted', 7, '1', NONE, oid('b'), 'refs/dw/active/s'),
    line('prepared', 8, '2', NONE, NONE, 'refs/dw/locks/path/x'),
    line('committed', 8, '2', NONE, NONE, 'refs/dw/locks/path/x'),
    line('prepared', 9, '-', oid('a'), NONE, 'refs/heads/main'),
    line('committed', 9, '-', oid('a'), NONE, 'refs/heads/main'),
  ]
  expect(read(lines, [])).toStrictEqual([])
  const impossible = [
    line('prepared', 7, '1', oid('a'), oid('b'), 'refs/dw/active/s'),
    line('committed', 7, '1', oid('a'), oid('b'), 'refs/dw/active/s'),
  ]
  expect(() => read(impossible, [])).toThrow('was not')
})

test('what somebody emptied has no records any more, and its branches are as they were', () => {
  const events = read(
    [
      line('prepared', 7, '1', NONE, oid('a'), 'refs/dw/meta'),
      line('prepared', 7, '1', NONE, oid('b'), 'refs/heads/main'),
      line('committed', 7, '1', NONE, oid('a'), 'refs/dw/meta'),
      JSON.stringify({ kind: 'arbiter emptied', time: 6000 }),
      line('prepared', 8, '2', NONE, oid('c'), 'refs/dw/meta'),
      line('prepared', 8, '2', oid('b'), oid('d'), 'refs/heads/main'),
      line('committed', 8, '2', NONE, oid('c'), 'refs/dw/meta'),
    ],
    [],
  )
  expect(events[2]).toMatchObject({ kind: 'arbiter emptied', time: 6000 })
  expect(moves(events).slice(2)).toStrictEqual([
    ['refs/dw/meta', oid('c')],
    ['refs/heads/main', oid('d')],
  ])
})
