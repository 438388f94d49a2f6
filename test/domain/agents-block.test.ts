import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AGENTS_BLOCK, withAgentsBlock } from '../../src/domain/agents-block.ts'

const OLD_BLOCK = AGENTS_BLOCK.replace('Claim before you edit', 'Do as you like')

/** Texts of lines with one line ending, as an editor leaves them, or without the last. */
const texts = fc
  .tuple(
    fc.array(fc.string({ unit: fc.constantFrom('a', '#', '-', ' ', '<', '\u00e9', '\u0000') })),
    fc.constantFrom('\n', '\r\n'),
    fc.boolean(),
  )
  .map(([lines, ending, ends]) => lines.join(ending) + (ends ? ending : ''))

const textOf = (text: string, block?: string) => {
  const marked = withAgentsBlock(text, block)
  if (marked.outcome === 'unclear') throw new Error(marked.problem)
  return marked.text
}

test('a text gets the block once, behind all that was there', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const marked = textOf(text)
      expect(marked.startsWith(text)).toBe(true)
      expect(withAgentsBlock(marked).outcome).toBe('unchanged')
    }),
  )
})

test('a block that is there is replaced where it is, and not a byte around it changes', () => {
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      const ending = `${before}${after}`.includes('\r\n') ? '\r\n' : '\n'
      const fresh = AGENTS_BLOCK.trimEnd().replaceAll('\n', ending)
      const old = OLD_BLOCK.trimEnd().replaceAll('\n', ending)
      const marked = withAgentsBlock(`${before}${old}${after}`)
      expect(marked).toStrictEqual({ outcome: 'updated', text: `${before}${fresh}${after}` })
    }),
  )
})

test('the block has the line endings of the file', () => {
  expect(textOf('a\r\n').replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
  expect(textOf('a\n')).not.toContain('\r')
})

test('marks that do not pair are told, and nothing is changed', () => {
  const [begin = '', end = ''] = [AGENTS_BLOCK.split('\n')[0], AGENTS_BLOCK.trimEnd().split('\n').at(-1)]
  for (const text of [begin, end, `${end}\n${begin}`, `${AGENTS_BLOCK}${AGENTS_BLOCK}`]) {
    expect(withAgentsBlock(text).outcome).toBe('unclear')
  }
  expect(withAgentsBlock(begin)).toMatchObject({ problem: '"<!-- git dw: end -->" is missing' })
  expect(withAgentsBlock(`${AGENTS_BLOCK}${begin}`)).toMatchObject({
    problem: '"<!-- git dw: begin" is there 2 times',
  })
  expect(withAgentsBlock(`${end}\n${begin}`)).toMatchObject({
    problem: '"<!-- git dw: end -->" stands before "<!-- git dw: begin"',
  })
})

test('the block is short', () => {
  expect(AGENTS_BLOCK.length).toBeLessThan(2500)
})
