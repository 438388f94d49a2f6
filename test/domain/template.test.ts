import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeFileName } from '../../src/domain/name.ts'
import { fillTemplate } from '../../src/domain/template.ts'
import { taskNames } from './arbitrary.ts'

const key = (project: string, task: string) => ({ kind: 'task', project, task }) as const

test('a template is filled with the encoded names, each as often as it stands there', () => {
  fc.assert(
    fc.property(taskNames, taskNames, (project, task) => {
      const [p, t] = [encodeFileName(project), encodeFileName(task)]
      expect(fillTemplate('{project}/x-{task}-{task}', key(project, task))).toStrictEqual({
        text: `${p}/x-${t}-${t}`,
      })
    }),
  )
})

test('what a name contains is never taken for a placeholder', () => {
  expect(fillTemplate('{project}/{task}', key('{task}', '{nobody}'))).toStrictEqual({
    text: '%7btask%7d/%7bnobody%7d',
  })
})

test('a template without placeholders stays as it is', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(!text.includes('{'))
      expect(fillTemplate(text, key('web', 'T'))).toStrictEqual({ text })
    }),
  )
})

test('a placeholder that is not closed is told', () => {
  expect(fillTemplate('{task}/{pro', key('web', 'T'))).toStrictEqual({ unknown: '{pro' })
})

test('the first placeholder that means nothing is told', () => {
  expect(fillTemplate('{task}/{user}/{x}', key('web', 'T'))).toStrictEqual({ unknown: 'user' })
  expect(fillTemplate('{}', key('web', 'T'))).toStrictEqual({ unknown: '' })
})
