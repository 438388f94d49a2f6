import { run } from './cli/run.ts'

// it never rejects, and sets the exit status
void run(process.argv.slice(2))
