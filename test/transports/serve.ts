// Runs before each test file over ssh and HTTP: its hubs are served from here.
import { afterAll, beforeAll } from 'vitest'
import { startTransport, stopTransport } from './transport.ts'

beforeAll(startTransport)
afterAll(stopTransport)
