import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { DwError } from '../domain/error.ts'
import { printable } from '../domain/printable.ts'
import { push } from '../flows/push.ts'
import type { Workspace } from '../flows/workspace.ts'
import { JSON_SCHEMA } from '../report/json.ts'

export class PushCommand extends RepositoryCommand {
  static override paths = [['push']]

  static override forms = ['[-u] [--unfenced] [<remote> [<refspec>…]] [-- <git push options>]']

  static override usage = Command.Usage({
    description: 'Push your branch, fenced by your locks; the locks themselves travel with sync',
    details: `
      Pushes as git push would, to the remote that decides about locks. The branch lands only if nobody
      took what its commits touch from you: the remote refuses both in one step otherwise, exit status 4,
      and you are told which lock was lost, to whom, when and why. Commits that touch what another holds
      are refused with exit status 1.

      Your pre-push hooks run first. What follows -- goes to git push. Other remotes want --unfenced.
    `,
    examples: [
      ['Push the current branch', 'git dw push'],
      ['Push a branch by name', 'git dw push origin feature/fix-login'],
      ['Push it for the first time, and follow it', 'git dw push -u origin feature/fix-login'],
    ],
  })

  setUpstream = Option.Boolean('-u,--set-upstream', false, {
    description: 'Once it has landed, let the branch follow the one that was pushed to.',
  })
  unfenced = Option.Boolean('--unfenced', false, {
    description: 'Push to a remote that decides about no locks.',
  })
  rest = Option.Rest({ name: 'remote' })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const { words, options: more } = this.#split()
    const options = this.setUpstream ? ['--set-upstream', ...more] : more
    const [remote, ...refspecs] = words
    const request = { ...this.session, refspecs, options, unfenced: this.unfenced }
    const answer = await push(workspace, remote === undefined ? request : { ...request, remote })
    const { session, pushed } = answer
    const by = session === null ? '' : `, fenced by ${session.id}`
    for (const { ref } of pushed) workspace.around.say(`pushed "${ref}" to "${answer.remote}"${by}`)
    if (pushed.length === 0) workspace.around.say('there is nothing to push')
    for (const { branch, remote: at, merge } of answer.upstreams) {
      workspace.around.say(`"${branch}" follows "${merge}" of "${at}" from now on`)
    }
    return {
      text: pushed.map(({ ref }) => `${printable(ref)}\n`).join(''),
      json: {
        schema: JSON_SCHEMA,
        remote: answer.remote,
        session: session?.id ?? null,
        fence: session?.fence ?? null,
        pushed,
        upstreams: answer.upstreams,
      },
    }
  }

  /** The words before `--` and the options after it, as they stand on the command line. */
  #split(): { readonly words: readonly string[]; readonly options: readonly string[] } {
    const at = this.context.words.indexOf('--')
    const options = at < 0 ? [] : this.context.words.slice(at + 1)
    const words = this.rest.slice(0, this.rest.length - options.length)
    if (options.some((option) => !option.startsWith('-'))) {
      throw new DwError('DW_USAGE', 'only options for git push stand after --', {
        hints: ['see: git dw push -h'],
      })
    }
    return { words, options }
  }
}
