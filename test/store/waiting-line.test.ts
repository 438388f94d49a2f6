import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { lockName, parseKey } from '../../src/domain/key.ts'
import { type LineRuntime, WaitingLine } from '../../src/store/local/waiting-line.ts'

let commonDir = ''
let words = 0
const running = new Set<number>()

beforeEach(() => {
  commonDir = mkdtempSync(join(tmpdir(), 'git-dw-line-'))
  running.clear()
})

const files = () => readdirSync(join(commonDir, 'dw/waiting')).sort()

/** A waiter that came `seconds` after the others, as process `pid` of `host`. */
function waiter(
  seconds: number,
  keys: readonly string[],
  pid: number | null = 1,
  host = 'mill',
): WaitingLine {
  onTestFinished(() => rmSync(commonDir, { recursive: true, force: true }))
  words += 1
  const word = `word-${words}`
  if (pid !== null) running.add(pid)
  const runtime: LineRuntime = {
    host,
    fileClock: () => Date.now() + seconds * 1000,
    randomWord: () => word,
    self: async () => (pid === null ? null : { pid, start: 'boot' }),
    isRunning: async (each) => running.has(each.pid),
  }
  return new WaitingLine(
    commonDir,
    keys.map((key) => lockName(parseKey(key))),
    runtime,
  )
}

async function standing(...line: readonly WaitingLine[]): Promise<void> {
  for (const each of line) await each.keepPlace()
}

test('those who came before for something on the same line are ahead, and nobody else', async () => {
  const [first, beside, above, last] = [
    waiter(-3, ['src/a.ts'], 1),
    waiter(-2, ['docs'], 2),
    waiter(-1, ['src'], 3),
    waiter(0, ['src/a.ts', 'lib'], 4),
  ]
  expect(await last.ahead()).toBe(0)
  await standing(first, beside, above, last)
  expect(await Promise.all([first, beside, above, last].map((each) => each.ahead()))).toStrictEqual([
    0, 0, 1, 2,
  ])
  await first.leave()
  expect(await last.ahead()).toBe(1)
})

test('a waiter that died does not count, and its ticket goes', async () => {
  const [dead, alive] = [waiter(-1, ['src'], 1), waiter(0, ['src'], 2)]
  await standing(dead, alive)
  running.delete(1)
  expect(await alive.ahead()).toBe(0)
  expect(files()).toHaveLength(1)
})

test('a waiter of another host counts while it touches its ticket', async () => {
  const [far, unknown, here] = [
    waiter(-2, ['src'], 1, 'elsewhere'),
    waiter(-1, ['src'], null),
    waiter(0, ['src'], 2),
  ]
  await standing(far, unknown, here)
  running.delete(1)
  expect(await here.ahead()).toBe(2)
  const silent = new Date(Date.now() - 16_000)
  for (const name of files().slice(0, 2)) utimesSync(join(commonDir, 'dw/waiting', name), silent, silent)
  expect(await here.ahead()).toBe(0)
  expect(files()).toHaveLength(1)
})

test('who was taken for dead and goes on waiting gets its old place back', async () => {
  const [first, second] = [waiter(-1, ['src'], 1), waiter(0, ['src'], 2)]
  await standing(first, second)
  running.delete(1)
  expect(await second.ahead()).toBe(0)
  running.add(1)
  await first.keepPlace()
  expect(await second.ahead()).toBe(1)
})

test('a ticket that cannot be read is nobody’s', async () => {
  mkdirSync(join(commonDir, 'dw/waiting'), { recursive: true })
  for (const [at, text] of ['{', 'null', '{"names":1}'].entries()) {
    writeFileSync(join(commonDir, 'dw/waiting', `00000000000000${at}-x.json`), text)
  }
  expect(await waiter(0, ['src']).ahead()).toBe(0)
  expect(files()).toStrictEqual([])
})

test('where nothing can be written there is no line', async () => {
  writeFileSync(join(commonDir, 'dw'), '')
  const line = waiter(0, ['src'])
  await line.keepPlace()
  expect(await line.ahead()).toBe(0)
  await line.leave()
})
