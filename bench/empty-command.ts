import { Cli, Command, Option } from 'clipanion'

/** What any native program with clipanion costs: one command with one option that does nothing. */
class EmptyCommand extends Command {
  static override paths = [['empty']]
  json = Option.Boolean('--json', false)
  override async execute(): Promise<number> {
    return 0
  }
}

const cli = Cli.from([EmptyCommand], { binaryName: 'empty', enableColors: false })
void cli.run(process.argv.slice(2)).then((status) => {
  process.exitCode = status
})
