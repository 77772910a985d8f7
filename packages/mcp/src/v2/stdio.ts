import type { Portcullis } from '@portcullis/core'
import { serveStdioOn, type StdioOptions, type StdioServed } from '../stdio/serve-stdio.ts'
import { mcpHost } from './host.ts'

/**
 * Serves both protocol eras over this process's standard streams, for the principal of an access token: `PORTCULLIS_TOKEN` in the
 * environment, or `options.token`. Fault `token_missing` when there is none. Expiry and revocation hold while the process runs.
 */
export function serveStdio(portcullis: Portcullis, options: StdioOptions = {}): StdioServed {
  return serveStdioOn((sessions) => mcpHost(portcullis, { ...options, sessions }), portcullis, options)
}
