import { describe } from 'vitest'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { keepsTheContract, type Subject } from './contract.ts'

describe('the store in memory', () => {
  const open = async (): Promise<Subject> => {
    let nonces = 0
    const store = new MemoryStore(() => `nonce-${nonces++}`)
    const put: Subject['put'] = async (ref, bytes) => store.write(ref, bytes)
    return { store, rival: store, put, close: async () => undefined }
  }
  keepsTheContract(open, { many: 1000 })
})
