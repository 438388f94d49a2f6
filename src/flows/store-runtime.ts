import type { StoreRuntime } from '../store/git-store.ts'
import type { Surroundings } from './surroundings.ts'

/** What stores need of the surroundings. */
export function storeRuntime(around: Surroundings): StoreRuntime {
  return {
    elapsed: around.elapsed,
    fileClock: around.fileClock,
    sleep: around.sleep,
    random: around.random,
    nonce: around.randomWord,
    signal: around.signal,
  }
}
