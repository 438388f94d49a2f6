/** Stands in for `src/git/refs.ts`: the same answers, from refs in memory. */
import type { BlobId } from '../../../src/domain/record.ts'
import type * as real from '../../../src/git/refs.ts'
import { machineOf } from './machine.ts'
import { getObject } from './objects.ts'

export const exactly: typeof real.exactly = (ref) => `${ref.slice(0, -1)}[${ref.slice(-1)}]`

export const listRefs: typeof real.listRefs = async (git, patterns) => {
  const machine = machineOf(git)
  await machine.step('for-each-ref')
  return machine.repository.list(patterns).map(({ ref, oid }) => ({ ref, oid: oid as BlobId }))
}

export const readRefs: typeof real.readRefs = async (git, roots) => {
  const found = await listRefs(git, roots)
  return found.map(({ ref, oid }) => {
    const bytes = getObject(oid) ?? null
    return { ref, oid, type: bytes === null ? null : 'blob', bytes }
  })
}

export const readRecordObjects: typeof real.readRecordObjects = async (git, names) => {
  const machine = machineOf(git)
  // what is named by its content never changes: nobody can come in between
  if (names.some((name) => name.startsWith('refs/'))) await machine.step('cat-file')
  return names.map((name) => {
    const oid = name.startsWith('refs/') ? machine.repository.refs.get(name) : name
    const bytes = oid === undefined ? undefined : getObject(oid)
    return oid === undefined || bytes === undefined ? null : { oid: oid as BlobId, type: 'blob', bytes }
  })
}

export const resolveNames: typeof real.resolveNames = async (_, names) =>
  names.map((name) => (getObject(name) === undefined ? null : name))

/** Two transactions in one process: others may come in between, and it may die there. */
export const updateRefs: typeof real.updateRefs = async (git, updates, { then = [] } = {}) => {
  const machine = machineOf(git)
  const commit = async (part: typeof updates) => {
    await machine.step('update-ref', (made) => machine.repository.transact(part, made % part.length))
    return machine.repository.transact(part)
  }
  const committed = await commit(updates)
  const followed = committed && (then.length === 0 || (await commit(then)))
  return { committed, followed, said: 'a ref has moved' }
}

export const fitOneListing: typeof real.fitOneListing = () => true

export const aheadBehind: typeof real.aheadBehind = async () => ({ ahead: 0, behind: 0 })
