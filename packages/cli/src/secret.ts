import { parseArgs } from 'node:util'
import { keyFile } from '@portcullis/core'
import { hashSecret, mintShownSecret, pepperOf } from '@portcullis/core/memory'
import type { Command } from './command.ts'

const WARNING = 'This secret is shown once and kept nowhere: store it in a secret store now.'

/** Makes the secret of an API credential. Only its hash goes into the configuration. */
export const secret: Command = (argv, { out, err }) => {
  const { values } = parseArgs({ args: [...argv], options: { key: { type: 'string' }, env: { type: 'string', default: 'prod' }, json: { type: 'boolean', default: false } } })
  if (values.key === undefined) {
    err('Say which deployment key the secret is for: `portcullis secret --key ./portcullis.key`.\n')
    return 2
  }
  const pepper = pepperOf(keyFile(values.key))
  const minted = mintShownSecret(values.env)
  const secretHash = hashSecret(pepper, minted.secret)
  if (values.json) {
    out(`${JSON.stringify({ secret: minted.secret, id: minted.keyId, secretHash })}\n`)
    err(`${WARNING}\n`)
    return 0
  }
  out(`${minted.secret}

${WARNING}

What the world needs of it:
  credentials: [{ id: '${minted.keyId}', secretHash: '${secretHash}', scopes: ['*'] }]
`)
  return 0
}
