import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }

const SKILLS = resolve(import.meta.dirname, '../../skills')
const NAMES = readdirSync(SKILLS).sort()

test('the package has both skills', () => {
  expect(NAMES).toStrictEqual(['project-session', 'worktree-task'])
  expect(packageJson.files).toContain('skills/')
})

test.for(NAMES)('the skill %s says when it is for, and is small enough to load whole', (name) => {
  const text = readFileSync(join(SKILLS, name, 'SKILL.md'), 'utf8')
  const [, head = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? []
  const fields = Object.fromEntries(head.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)))
  expect(fields).toStrictEqual({ name, description: expect.stringMatching(/Use when|Use at/) })
  expect(fields['description']?.length).toBeLessThan(1024)
  expect(body.split('\n').length).toBeLessThan(100)
  expect(text.length).toBeLessThan(6000)
})
