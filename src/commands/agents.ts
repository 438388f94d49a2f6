import { Command, Option } from 'clipanion'
import { type Answer, DwCommand } from '../cli/command.ts'
import { AGENTS_BLOCK } from '../domain/agents-block.ts'
import { printable } from '../domain/printable.ts'
import { writeAgentsBlock } from '../flows/agents/write-block.ts'
import { openWorkspace } from '../flows/workspace.ts'
import { JSON_SCHEMA } from '../report/json.ts'

export class AgentsCommand extends DwCommand {
  static override paths = [['agents']]

  static override forms = ['[--write]']

  static override usage = Command.Usage({
    description: 'Print what an agent must know, for AGENTS.md or CLAUDE.md; --write puts it there.',
    details: `
      With --write, the block goes into AGENTS.md and CLAUDE.md at the top of this worktree, those of them
      that are there; where there is neither, AGENTS.md is made. A CLAUDE.md that is a link to AGENTS.md, or
      imports it, is left alone. The block stands between marks, so that writing it again updates it;
      not a byte outside them changes. Commit the files to have them in every worktree.
    `,
    examples: [['Tell the agents of this repository', 'git dw agents --write']],
  })

  write = Option.Boolean('--write', false, { description: 'Write it into the files that agents read.' })

  override async answer(): Promise<Answer> {
    if (!this.write)
      return { text: AGENTS_BLOCK, json: { schema: JSON_SCHEMA, block: AGENTS_BLOCK, files: [] } }
    const files = await writeAgentsBlock(await openWorkspace(this.context.around))
    return {
      text: files.map(({ path, outcome }) => `${printable(path)}  ${outcome}\n`).join(''),
      json: { schema: JSON_SCHEMA, block: AGENTS_BLOCK, files },
    }
  }
}
