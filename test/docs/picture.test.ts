import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const SVG = readFileSync(join(resolve(import.meta.dirname, '../..'), 'docs/images/two-sessions.svg'), 'utf8')
const [, size = ''] = /viewBox="0 0 (\d+ \d+)"/.exec(SVG) ?? []
const [light = '', dark = ''] = (/<style>([\s\S]*?)<\/style>/.exec(SVG)?.[1] ?? '').split('@media')

/** The colour that a class is filled with. */
function fillOf(style: string, name: string): string {
  const [, colour] = new RegExp(`\\.${name} \\{[^}]*fill: (#[0-9a-f]{6})`).exec(style) ?? []
  if (colour === undefined) throw new Error(`.${name} has no colour`)
  return colour
}

/** Relative luminance, by WCAG 2. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [bright = 0, dim = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
  return (bright + 0.05) / (dim + 0.05)
}

test('the picture brings its own ground, so that it is readable on whatever page it stands', () => {
  const [, width, height] = /<\/defs>\s*<rect class="page" width="(\d+)" height="(\d+)"/.exec(SVG) ?? []
  expect(`${width} ${height}`).toBe(size)
})

test.each([
  ['light', light],
  ['dark', dark],
])('in %s, every text of the picture stands out from what is below it, 4.5 to 1 at least', (_, style) => {
  const grounds = ['page', 'box', 'hub'].map((name) => fillOf(style, name))
  for (const name of ['text', 'dim', 'yes-text', 'no-text']) {
    const worst = Math.min(...grounds.map((ground) => contrast(fillOf(style, name), ground)))
    expect(worst, name).toBeGreaterThanOrEqual(4.5)
  }
})
