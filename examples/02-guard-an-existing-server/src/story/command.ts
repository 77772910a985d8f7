import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../../../packages/cli/src/cli.ts', import.meta.url))

interface Finished {
  readonly status: number
  readonly output: string
}

/** `npx portcullis …`, from the sources of this repository. */
export const portcullis = (...args: readonly string[]): Promise<Finished> =>
  new Promise((resolve) => {
    execFile(process.execPath, ['--conditions=@portcullis/source', '--no-warnings', CLI, ...args], (error, output) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? 1), output })
    })
  })
