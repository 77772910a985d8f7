import type { Portcullis } from '@portcullis/core'
import type { McpHostOptions } from '../host-options.ts'
import type { Host } from '../host.ts'
import { HOST_BROKEN, refusal, refusalResponse } from '../refusals.ts'

/** Serves clients of 2025 from the same dispatch as `./v2`, on the first SDK line. It refuses what it does not answer yet. */
export function mcpHost(portcullis: Portcullis, options: McpHostOptions = {}): Host {
  return {
    sessions: options.sessions !== undefined,
    async fetch(_, { request }) {
      const opened = await portcullis.open(request)
      return refusalResponse(opened.kind === 'open' ? HOST_BROKEN : refusal(opened, portcullis.url), null)
    },
    notify: () => undefined,
    close: async () => undefined,
  }
}
