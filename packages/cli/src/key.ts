import { parseArgs } from 'node:util'
import { createKeyFile } from '@portcullis/core/memory'
import type { Command } from './command.ts'

/** Makes a deployment key; never overwrites one. */
export const key: Command = (argv, { out, err }) => {
  const { positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: {} })
  const [path = './portcullis.key', ...more] = positionals
  if (more.length > 0) {
    err('Name one file, or none for ./portcullis.key.\n')
    return 2
  }
  createKeyFile(path)
  out(`A new deployment key is in ${path}, readable by its owner only.

Next:
  1. Keep a copy where you keep other keys: without it, nothing that was encrypted or hashed with it is of any use.
  2. Keep it out of version control, images and backups of the data that it protects.
  3. Give it to Portcullis: createPortcullis({ keys: keyFile(${JSON.stringify(path)}), … })
`)
  return 0
}
