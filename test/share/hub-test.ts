import { test as base } from 'vitest'
import { Hub } from './hub.ts'

/** A test with a hub of its own. */
export const test = base.extend<{ hub: Hub }>({
  hub: async ({ onTestFinished }, use) => {
    const hub = await Hub.create()
    onTestFinished(() => hub.sandbox.dispose())
    await use(hub)
  },
})
