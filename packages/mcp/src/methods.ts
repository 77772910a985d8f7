import type { TargetKind } from '@portcullis/core'

/**
 * What a method asks for. `open` begins or keeps up a conversation (gates 1 and 2), `list` and `call` go through the chain, `listen`
 * opens a stream of changes, `forget` ends a subscription, `dropped` is a notification that carries nothing for us.
 */
export type Classified =
  | { readonly kind: 'open' | 'dropped' | 'listen' | 'forget' }
  | { readonly kind: 'list' | 'call'; readonly target: TargetKind }

/** How a request is carried: 2026-07-28, or 2025 with or without a session. */
export type Carrier = 'modern' | 'session' | 'stateless'

interface Entry {
  readonly asks: Classified
  /** Served only where one of these targets is offered. */
  readonly offered?: readonly TargetKind[]
  readonly carriers?: readonly Carrier[]
}

const RESOURCES = ['resource', 'template'] as const
const open: Entry = { asks: { kind: 'open' } }
const dropped: Entry = { asks: { kind: 'dropped' } }
const session: readonly Carrier[] = ['session']

/** The closed map of methods, of both protocol eras. What is not in it is refused as `method_unclassified` (CH-16). */
const METHODS: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  ['initialize', open],
  ['ping', open],
  ['server/discover', { ...open, carriers: ['modern'] }],
  ['tools/list', { asks: { kind: 'list', target: 'tool' } }],
  ['tools/call', { asks: { kind: 'call', target: 'tool' } }],
  ['resources/list', { asks: { kind: 'list', target: 'resource' }, offered: RESOURCES }],
  ['resources/templates/list', { asks: { kind: 'list', target: 'template' }, offered: RESOURCES }],
  ['resources/read', { asks: { kind: 'call', target: 'resource' }, offered: RESOURCES }],
  ['resources/subscribe', { asks: { kind: 'call', target: 'subscription' }, offered: ['subscription'], carriers: session }],
  ['resources/unsubscribe', { asks: { kind: 'forget' }, offered: ['subscription'], carriers: session }],
  ['prompts/list', { asks: { kind: 'list', target: 'prompt' }, offered: ['prompt'] }],
  ['prompts/get', { asks: { kind: 'call', target: 'prompt' }, offered: ['prompt'] }],
  ['completion/complete', { asks: { kind: 'call', target: 'completion' }, offered: ['completion'] }],
  ['logging/setLevel', { ...open, carriers: session }],
  ['subscriptions/listen', { asks: { kind: 'listen' }, carriers: ['modern'] }],
  ['notifications/initialized', dropped],
  ['notifications/cancelled', dropped],
  ['notifications/progress', dropped],
  ['notifications/roots/list_changed', dropped],
])

/** Methods that the chain answers, and that an SDK is therefore given handlers for. */
export const ANSWERED = Array.from(METHODS).filter(([, { asks: { kind } }]) => kind === 'list' || kind === 'call' || kind === 'forget').map(([method]) => method)

/** Undefined for a method that nobody classified, that is not offered, and for one in the wrong form: a request has an id, a notification none. */
export function classify(method: string, isNotification: boolean, offers: ReadonlySet<TargetKind>, carrier: Carrier): Classified | undefined {
  const entry = METHODS.get(method)
  if (entry === undefined || (entry.asks.kind === 'dropped') !== isNotification) return undefined
  if (entry.offered?.every((target) => !offers.has(target)) === true || entry.carriers?.includes(carrier) === false) return undefined
  return entry.asks
}
