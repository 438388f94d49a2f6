import type { Palette } from './palette.ts'

interface StepView {
  readonly title: string
  readonly agent: string
  readonly command: string
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** One command of the demo: its prompt line, what it printed, and how it ended when that was a refusal. */
export function demoText(palette: Palette, step: StepView, titleBefore: string | undefined): string {
  const title = step.title === titleBefore ? '' : `\n${palette.bold(`# ${step.title}`)}\n`
  const status = step.status === 0 ? '' : palette.dim(`[exit status ${step.status}]\n`)
  return `${title}${palette.good(`${step.agent} $`)} ${step.command}\n${step.stdout}${step.stderr}${status}`
}
