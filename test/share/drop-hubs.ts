// Runs beside each test file: what its hubs were copied from goes when it is done.
import { afterAll } from 'vitest'
import { dropPreparedHubs } from './hub.ts'

afterAll(dropPreparedHubs)
