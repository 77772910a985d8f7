import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Command } from './command.ts'

/** Runs the verifier's own program, unchanged: whoever distrusts this one can run and read that one alone. */
export const verify: Command = (argv, { err }) => {
  const program = import.meta.resolve('@portcullis/verify').replace(/index(\.[jt]s)$/, 'cli$1')
  const { status } = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(program), ...argv], { stdio: 'inherit' })
  if (status !== null) return status
  err('The verifier did not finish: nothing is decided.\n')
  return 2
}
