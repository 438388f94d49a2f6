import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Sandbox } from '../harness/sandbox.ts'
import { Terminal } from '../harness/terminal.ts'

/** How each shell is set up as the documentation says, so that it draws what can be told apart. */
const SHELLS = {
  bash: {
    file: '.bashrc',
    settings: [
      '. /usr/share/bash-completion/bash_completion',
      "bind 'set show-all-if-ambiguous on' 'set bell-style none' 'set completion-query-items 0'",
      "bind 'set page-completions off'",
      'eval "$(git dw completion bash)"',
    ],
    start: 'bash -i',
  },
  zsh: {
    file: '.zshrc',
    settings: [
      'unsetopt beep prompt_cr prompt_sp',
      'LISTMAX=1000',
      'autoload -Uz compinit && compinit -D -u',
      'eval "$(git dw completion zsh)"',
    ],
    start: 'zsh -i',
  },
  fish: {
    file: '.config/fish/config.fish',
    settings: [
      'set -g fish_greeting',
      'function fish_prompt; echo "READY> "; end',
      'set -g fish_autosuggestion_enabled 0',
      'git dw completion fish | source',
    ],
    start: 'fish -i',
  },
} as const

export type ShellName = keyof typeof SHELLS

/** A shell at a terminal that completes `git dw`, and notes every git process that a Tab starts. */
export class CompletingShell {
  readonly #terminal: Terminal
  readonly #calls: string

  private constructor(terminal: Terminal, calls: string) {
    this.#terminal = terminal
    this.#calls = calls
  }

  static async start(sandbox: Sandbox, name: ShellName, cwd = sandbox.repo): Promise<CompletingShell> {
    const { file, settings, start } = SHELLS[name]
    const path = join(sandbox.home, file)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, ["PS1='READY> '", ...settings, ''].slice(name === 'fish' ? 1 : 0).join('\n'))
    // without it, a first start of fish reads all manual pages
    mkdirSync(join(sandbox.home, '.local/share/fish/generated_completions'), { recursive: true })
    const { directory, calls } = countingGit(sandbox, name)
    const env = { PATH: `${directory}:${sandbox.env()['PATH']}`, SHELL: `/bin/${name}` }
    const terminal = new Terminal(sandbox, `exec ${start}`, { cwd, env, cols: 200 })
    const shell = new CompletingShell(terminal, calls)
    await terminal.sees(/READY>/)
    return shell
  }

  /** Runs a command, to its end. */
  async run(command: string): Promise<void> {
    this.#terminal.type(`${command}${command === '' ? '' : '; '}echo d''one\r`)
    await this.#terminal.sees(/done.*READY>/)
  }

  /**
   * Types a line and Tab, waits for `pattern` on the screen, and takes the line away again. Answers what was
   * drawn, and how many git processes there were.
   */
  async tab(line: string, pattern: RegExp): Promise<{ readonly screen: string; readonly git: number }> {
    rmSync(this.#calls, { force: true })
    this.#terminal.type(`${line}\t`)
    const screen = await this.#terminal.sees(pattern)
    const git = existsSync(this.#calls) ? readFileSync(this.#calls, 'utf8').trimEnd().split('\n').length : 0
    // what is left on the line is no command
    this.#terminal.type('\x15')
    await this.run('')
    return { screen, git }
  }

  /** Types a line and Tab, then Enter in place of an answer: for what offers nothing. */
  async tabInVain(line: string): Promise<string> {
    this.#terminal.type(`${line}\t\x15echo d''one\r`)
    return this.#terminal.sees(/done.*READY>/)
  }

  async end(): Promise<string> {
    this.#terminal.type('\x15exit\r')
    await this.#terminal.ended()
    return stripVTControlCharacters(this.#terminal.raw)
  }
}

/** A git that writes down each of its calls, to be put first on PATH. */
function countingGit(sandbox: Sandbox, name: string) {
  const directory = join(sandbox.root, `counted-${name}`)
  const calls = join(directory, 'calls')
  mkdirSync(directory, { recursive: true })
  const env = { PATH: sandbox.env()['PATH'] }
  const git = execFileSync('sh', ['-c', 'command -v git'], { env, encoding: 'utf8' }).trim()
  const script = `#!/bin/sh\nprintf '%s\\n' "$*" >>'${calls}'\nexec '${git}' "$@"\n`
  writeFileSync(join(directory, 'git'), script)
  chmodSync(join(directory, 'git'), 0o755)
  return { directory, calls }
}
