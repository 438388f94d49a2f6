/** Stands in for `src/git/remote.ts`: the arbiter is a repository in memory, behind a network. */
import type { BlobId } from '../../../src/domain/record.ts'
import type * as real from '../../../src/git/remote.ts'
import { machineOf } from './machine.ts'

const GONE = 'the remote end hung up unexpectedly'

export const pushSteps: typeof real.pushSteps = async (git, _, steps, { plain = [] }) => {
  const machine = machineOf(git)
  return machine.network.push(machine, [...steps, ...plain])
}

export const fetchRecords: typeof real.fetchRecords = async (git, _, seen) => {
  const machine = machineOf(git)
  const found = await machine.network.read(machine, ['refs/dw'])
  if (found === null) return { status: 128, stdout: Buffer.alloc(0), stderr: GONE }
  const refs = new Map(found.map(({ ref, oid }) => [`${seen}/${ref.slice('refs/dw/'.length)}`, oid]))
  await machine.step('fetch: its refs')
  machine.repository.mirror(seen, refs)
  return { status: 0, stdout: Buffer.alloc(0), stderr: '' }
}

export const listRemote: typeof real.listRemote = async (git, _, patterns) => {
  const machine = machineOf(git)
  const found = await machine.network.read(machine, patterns)
  if (found === null) return { refs: null, said: GONE }
  return { refs: new Map(found.map(({ ref, oid }) => [ref, oid as BlobId])), said: '' }
}

export const pushUrlOf: typeof real.pushUrlOf = async () => 'memory'
