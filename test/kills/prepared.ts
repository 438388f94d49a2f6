import { dwHere } from '../harness/in-process.ts'
import type { Sandbox } from '../harness/sandbox.ts'
import type { Scene } from './aftermath.ts'
import { actIn, type Cast, type Operation } from './operations.ts'

export const ROUND = 'round'
export const CAST = { killed: 'killed', holder: 'holder' }

/** Brings the repository to where the operation makes sense: its command, and the sessions that there are. */
export async function prepared(
  sandbox: Sandbox,
  operation: Operation,
  round = ROUND,
  cast: Cast = CAST,
): Promise<{ words: readonly string[]; sessions: Scene['sessions'] }> {
  await dwHere(sandbox, ['claim', 'unrelated'], { agent: 'bystander' })
  const words = await operation.prepare(round, cast, actIn(sandbox, dwHere))
  const idOf = async (agent: string) => {
    const { session } = JSON.parse((await dwHere(sandbox, ['status', '--json'], { agent })).stdout)
    return session?.id as string | undefined
  }
  const [killed, holder] = [await idOf(cast.killed), await idOf(cast.holder)]
  return {
    words,
    sessions: { ...(killed === undefined ? {} : { killed }), ...(holder === undefined ? {} : { holder }) },
  }
}
