import { Command } from 'clipanion'
import { type Answer, DwCommand } from '../cli/command.ts'
import { type DemoStep, runDemo } from '../flows/demo.ts'
import { demoText } from '../report/demo-text.ts'
import { jsonList } from '../report/json.ts'

export class DemoCommand extends DwCommand {
  static override paths = [['demo']]

  static override forms = ['']

  static override usage = Command.Usage({
    description: 'See it work, in a throw-away repository.',
    details: `
      Makes a repository in a temporary directory, lets three real processes race for one task, and shows
      each command with what it prints. Nothing is left behind, and nothing of yours is touched.
    `,
    examples: [['Take the tour', 'git dw demo']],
  })

  override async answer(): Promise<Answer> {
    const { streams, around } = this.context
    const steps: DemoStep[] = []
    await runDemo(around, (step) => {
      if (!this.json) streams.help(demoText(streams.answerPalette, step, steps.at(-1)?.title))
      steps.push(step)
    })
    return { text: '', json: jsonList(steps) }
  }
}
