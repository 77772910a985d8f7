/**
 * What a method asks for. `open` begins or keeps up a conversation (gates 1 and 2), `list` and `call` go through the chain, `dropped`
 * is a notification that a server without sessions has no use for.
 */
export type MethodKind = 'open' | 'list' | 'call' | 'dropped'

/** The closed map of methods, of both protocol eras. What is not in it is refused as `method_unclassified` (CH-16). */
const METHODS: ReadonlyMap<string, MethodKind> = new Map([
  ['initialize', 'open'],
  ['ping', 'open'],
  ['server/discover', 'open'],
  ['tools/list', 'list'],
  ['tools/call', 'call'],
  ['notifications/initialized', 'dropped'],
  ['notifications/cancelled', 'dropped'],
  ['notifications/progress', 'dropped'],
  ['notifications/roots/list_changed', 'dropped'],
])

/** Undefined for a method that nobody classified, and for one that is sent in the wrong form: a request has an id, a notification none. */
export function classify(method: string, isNotification: boolean): MethodKind | undefined {
  const kind = METHODS.get(method)
  return (kind === 'dropped') === isNotification ? kind : undefined
}
