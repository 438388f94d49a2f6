import * as t from 'typanion'
import type { Finding } from '../../domain/finding.ts'
import type { SessionId } from '../../domain/record.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { dropLocalFile, type LocalFile, localFiles } from '../../store/local/binding-files.ts'
import type { Binding } from '../../store/local/clone-state.ts'
import { activeRef, endedRef } from '../../store/ref-names.ts'
import { isTerminalGone } from '../terminal-gone.ts'
import { ABANDONED, type Check, type Examined } from './examined.ts'

const isBinding = t.isPartial({
  session: t.isString(),
  reserved: t.isOptional(t.isBoolean()),
  leader: t.isOptional(t.isPartial({ pid: t.isNumber(), start: t.isString() })),
})

/** Bindings of agents and terminals to sessions that are not there any more, and of terminals that are gone. */
export const checkBindings: Check = {
  name: 'bindings',
  ok: () => 'every binding names a live session, and no terminal of one has ended',
  find: async (examined) => {
    const { around, repository } = examined.workspace
    const found: Finding[] = []
    for (const file of await localFiles(repository.commonDir, 'bindings', around.fileClock())) {
      const finding = await judge(examined, file)
      if (finding !== null) found.push(finding)
    }
    return found
  },
}

async function judge(examined: Examined, file: LocalFile): Promise<Finding | null> {
  const { value, path } = file
  if (!isBinding(value)) {
    return {
      check: 'bindings',
      state: 'warning',
      what: `the binding "${path}" cannot be read`,
      meaning: 'its agent or terminal has no session, and starts a new one with its next claim',
      hint: `remove it: rm ${shellWord(path)}`,
    }
  }
  const id = value.session as SessionId
  const why =
    (await danglesBecause(examined, id, value.reserved === true && file.age < ABANDONED)) ??
    (await leftBehind(examined, id, value.leader === undefined ? {} : { leader: value.leader }))
  if (why === null) return null
  const isFixed = examined.fix && (await dropLocalFile(file))
  return {
    check: 'bindings',
    state: isFixed ? 'fixed' : 'warning',
    what: isFixed ? `the binding to ${id} was removed` : `an agent or terminal is bound to ${id}`,
    meaning: why,
    hint: isFixed ? null : 'git dw doctor --fix',
  }
}

async function danglesBecause(
  { ground, workspace }: Examined,
  id: SessionId,
  isYoung: boolean,
): Promise<string | null> {
  const known = ground.sessions.get(id)
  if (known !== undefined && !known.ended) return null
  // whoever lost it so is told by the binding
  if (known !== undefined && (known.session.endedBy !== undefined || known.session.revoked.length > 0))
    return null
  if (known !== undefined) return 'that session has ended'
  if (isYoung || ground.snapshot.has(activeRef(id)) || ground.snapshot.has(endedRef(id))) return null
  // it may have started since all was read
  const now = await workspace.store.read({ refs: [activeRef(id), endedRef(id)] })
  return now.size > 0 ? null : 'that session has no record'
}

/** Nobody can act by the binding of a terminal that has ended, nor be told by it what became of its session. */
async function leftBehind(
  { ground, workspace }: Examined,
  id: SessionId,
  binding: Pick<Binding, 'leader'>,
): Promise<string | null> {
  const owner = ground.sessions.get(id)?.session.owner
  return (await isTerminalGone(workspace, binding, owner))
    ? 'that terminal has ended, and nobody can act for the session by it'
    : null
}
