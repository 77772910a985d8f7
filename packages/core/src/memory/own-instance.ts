import { Secret } from '../secrets/secret.ts'
import type { WorldInstance } from './world.ts'

/**
 * The one instance of the server's own connector: bare names, no settings, and no vendor that a credential could be for: `instances: { self: ownInstance() }`.
 */
export const ownInstance = (): WorldInstance => ({ connector: 'self', alias: '', settings: {}, credential: () => Secret.of({ none: 'there is no vendor' }), mapping: {} })
