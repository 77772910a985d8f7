import { Fault } from '@portcullis/core'

/** The only place of a process that speaks over stdio where its client can put a credential. */
const VARIABLE = 'PORTCULLIS_TOKEN'

/**
 * Whose the process is, asked anew for every message. Fault `token_missing` when there is no token to begin with. A function that
 * breaks later leaves its message without a token, and gate 1 refuses it.
 */
export function tokenOf(given: string | (() => string | Promise<string>) | undefined): () => Promise<string | undefined> {
  const token = given ?? process.env[VARIABLE]
  if (token === undefined || token === '') throw new Fault('token_missing', `There is no access token: set ${VARIABLE} in the environment of this process.`)
  return async () => {
    try {
      return typeof token === 'string' ? token : await token()
    } catch {
      return undefined
    }
  }
}
