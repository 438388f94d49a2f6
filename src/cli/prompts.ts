import { DwError } from '../domain/error.ts'
import { printable } from '../domain/printable.ts'
import type { Prompter } from '../flows/prompter.ts'

/** Choices shown at one time. */
const MOST_SHOWN = 10

/**
 * The prompter of this process's terminal. It draws on stderr, because stdout is for the answer. The prompts
 * are loaded when the first question is asked.
 */
export function terminalPrompter(signal: AbortSignal): Prompter {
  const common = { input: process.stdin, output: process.stderr, signal, withGuide: false }
  return {
    async choose(question, choices, options = {}) {
      const { autocomplete, isCancel, select } = await import('@clack/prompts')
      const shown = choices.map(({ value, label, hint }) => ({
        value: value as string,
        label: printable(label),
        ...(hint === undefined ? {} : { hint: printable(hint) }),
      }))
      const asked = {
        ...common,
        message: question.split('\n').map(printable).join('\n'),
        options: shown,
        maxItems: MOST_SHOWN,
        ...(options.initial === undefined ? {} : { initialValue: options.initial as string }),
      }
      const answer = options.filter
        ? await autocomplete({ ...asked, placeholder: 'type to filter' })
        : await select(asked)
      const chosen = choices.find(({ value }) => value === answer)
      if (isCancel(answer) || chosen === undefined) throw cancelled()
      return chosen.value
    },
    async confirm(question, initial) {
      const { confirm, isCancel } = await import('@clack/prompts')
      const answer = await confirm({
        ...common,
        message: question.split('\n').map(printable).join('\n'),
        initialValue: initial,
      })
      if (isCancel(answer)) throw cancelled()
      return answer
    },
  }
}

function cancelled(): DwError {
  return new DwError('DW_INTERRUPTED', 'cancelled; nothing was changed', {
    hints: ['see where you stand: git dw status'],
  })
}
