import type { Portcullis } from '@portcullis/core'
import type { Carrier } from './methods.ts'

interface Capabilities {
  tools: { listChanged?: boolean }
  resources?: { listChanged?: boolean; subscribe?: boolean }
  prompts?: { listChanged?: boolean }
  completions?: Record<string, never>
  logging?: Record<string, never>
}

/** Of the deployment, and the same for everybody: what a caller may use, the lists tell. Changes are told where there is a stream for them. */
export function capabilitiesOf(offers: Portcullis['offers'], carrier: Carrier): Capabilities {
  const changes = carrier === 'stateless' ? {} : { listChanged: true }
  const watched = carrier !== 'stateless' && offers.has('subscription') ? { subscribe: true } : {}
  const own = Array.from(offers).some((kind) => kind !== 'tool')
  return {
    tools: changes,
    ...(offers.has('resource') || offers.has('template') ? { resources: { ...changes, ...watched } } : {}),
    ...(offers.has('prompt') ? { prompts: changes } : {}),
    ...(offers.has('completion') ? { completions: {} } : {}),
    ...(own ? { logging: {} } : {}),
  }
}
