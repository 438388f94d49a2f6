import type { Answer } from '../../cli/command.ts'
import { JSON_SCHEMA } from '../../report/json.ts'

/** Nothing to say. */
export const NO_ANSWER: Answer = { text: '', json: { schema: JSON_SCHEMA } }
