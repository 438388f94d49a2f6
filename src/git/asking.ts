import type { Environment } from './environment.ts'

/**
 * Variables with which git and ssh ask nobody, at no terminal and in no window. A program that was named for git
 * itself (`GIT_ASKPASS`, `core.askPass`) stays: editors answer by it without asking anybody. So does what the user
 * wants of ssh in so many words (`SSH_ASKPASS_REQUIRE`, ssh(1)).
 */
export function asksNobody(env: Environment): Record<string, string> {
  const ssh =
    env['SSH_ASKPASS_REQUIRE'] === undefined ? { SSH_ASKPASS: '', SSH_ASKPASS_REQUIRE: 'never' } : {}
  return { GIT_TERMINAL_PROMPT: '0', ...ssh }
}
