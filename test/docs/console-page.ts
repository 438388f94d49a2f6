import { hostname } from 'node:os'
import { Sandbox } from '../harness/sandbox.ts'
import { masked } from '../harness/transcript.ts'
import { Shell } from './shell.ts'

/** Where the people of the pages work: it stands for the sandbox, and their machine for this one. */
const HOME = '/home/ann'
const HOST = 'mill'

/** Who runs a line that starts with `$ ` alone. */
const FIRST_AGENT = 'ann'

/** A command of a page, whose it is, and what the page says that it prints. */
interface Step {
  /** The line up to the command: `$ ` or `ben$ `. */
  readonly prompt: string
  readonly agent: string
  readonly command: string
  readonly printed: string
}

/** A part of a page: text, a ```console block, or a comment with commands that no reader sees. */
interface Part {
  readonly text: string
  readonly steps?: readonly Step[]
  readonly hidden?: string
}

/** What a page says that its commands print, and what they print. */
interface Played {
  readonly said: string
  readonly seen: string
  /** The page's text with what was seen in place of what it says. */
  readonly corrected: string
}

/**
 * Runs the ```console blocks of a page's text, in order, in one fresh repository called `shop`. A line that
 * starts with `$ ` is a command, `ben$ ` one of the agent ben, each in a shell of its own; the lines below it
 * are what it prints. Commands in a comment `<!-- run … -->` are run and must succeed.
 */
export async function play(page: string): Promise<Played> {
  const parts = partsOf(page)
  const sandbox = await Sandbox.create({ name: 'shop' })
  const shells = new Map<string, Shell>()
  const shellOf = (agent: string) => {
    const shell = shells.get(agent) ?? new Shell(sandbox, agent)
    shells.set(agent, shell)
    return shell
  }
  // a page's paths are Ann's
  const run = async (agent: string, command: string, apart = false) =>
    shellOf(agent).run(command.replaceAll(`${HOME}/shop`, sandbox.repo).replaceAll(HOME, sandbox.home), apart)
  try {
    await sandbox.git(['config', '--global', 'dw.backgroundSync', 'false'])
    const seen: Part[] = []
    for (const part of parts) seen.push(await playPart(part, run))
    return {
      said: comparable(parts, sandbox),
      seen: comparable(seen, sandbox),
      corrected: written(seen.map(({ text }) => text).join(''), sandbox),
    }
  } finally {
    for (const shell of shells.values()) await shell.close()
    sandbox.dispose()
  }
}

/** The parts of a page's text; joined, they are the page. */
function partsOf(text: string): Part[] {
  const parts = text.split(/^(```console\n[\s\S]*?^```\n|<!-- run\n[\s\S]*?^-->\n)/m)
  return parts.map((part) => {
    if (part.startsWith('```console\n')) return { text: part, steps: stepsOf(part) }
    const hidden = /^<!-- run\n([\s\S]*?)-->\n$/.exec(part)?.[1]
    return hidden === undefined ? { text: part } : { text: part, hidden }
  })
}

/** The commands of a block. A command ends at its line's end, unless that ends with a backslash. */
function stepsOf(block: string): Step[] {
  const body = block.replace(/^```console\n/, '').replace(/```\n$/, '')
  const chunks = body.split(/^(?=(?:[a-z]+)?\$ )/m)
  return chunks.map((chunk) => {
    const match = /^(([a-z]*)\$ )((?:.*\\\n)*.*)\n([\s\S]*)$/.exec(chunk)
    if (match === null) throw new Error(`a console block starts without a command: ${chunk}`)
    const [, prompt = '', agent = '', command = '', printed = ''] = match
    return { prompt, agent: agent || FIRST_AGENT, command, printed }
  })
}

type Run = (agent: string, command: string, apart?: boolean) => ReturnType<Shell['run']>

async function playPart(part: Part, run: Run): Promise<Part> {
  if (part.hidden !== undefined) {
    const { output, status } = await run(FIRST_AGENT, `set -e; ${part.hidden}`, true)
    if (status !== 0) throw new Error(`${part.text} ended with ${status}: ${output}`)
    return part
  }
  if (part.steps === undefined) return part
  const steps: Step[] = []
  for (const step of part.steps) {
    const { output } = await run(step.agent, step.command)
    steps.push({ ...step, printed: output })
  }
  const text = steps.map(({ prompt, command, printed }) => `${prompt}${command}\n${printed}`).join('')
  return { text: `\`\`\`console\n${text}\`\`\`\n`, steps }
}

/** The blocks of a page with all that differs from run to run masked; ids are numbered through the page. */
function comparable(parts: readonly Part[], sandbox: Sandbox): string {
  const blocks = parts.filter(({ steps }) => steps !== undefined).map(({ text }) => text)
  return masked(written(blocks.join('\n'), sandbox), sandbox)
}

/** What was seen, as a page says it: this sandbox and machine are Ann's. */
function written(text: string, sandbox: Sandbox): string {
  return text
    .replaceAll(sandbox.home, HOME)
    .replaceAll(sandbox.root, HOME)
    .replaceAll(`@${hostname()}`, `@${HOST}`)
    .replaceAll(`"host":"${hostname()}"`, `"host":"${HOST}"`)
}
