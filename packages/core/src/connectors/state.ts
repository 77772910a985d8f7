/** The four axes of an instance, and where each can stand. Each is a machine of its own; tools show only when all four line up. */
export const AXES = {
  entitlement: ['not_entitled', 'entitled', 'suspended'],
  configuration: ['not_started', 'in_progress', 'configured', 'invalid'],
  health: ['unknown', 'healthy', 'degraded', 'broken'],
  activation: ['inactive', 'active', 'disabled'],
} as const

export type Axis = keyof typeof AXES
export type InstanceState = { readonly [A in Axis]: (typeof AXES)[A][number] }
export type Transition = Partial<InstanceState>

/** From which position of its axis an event leads where. What is not written here is refused. */
export const TRANSITIONS = {
  entitlement: {
    grant: { not_entitled: 'entitled' },
    suspend: { entitled: 'suspended' },
    resume: { suspended: 'entitled' },
    revoke: { entitled: 'not_entitled', suspended: 'not_entitled' },
  },
  configuration: {
    begin: { not_started: 'in_progress', configured: 'in_progress', invalid: 'in_progress' },
    accept: { in_progress: 'configured' },
    reject: { in_progress: 'invalid' },
    invalidate: { configured: 'invalid' },
    clear: { in_progress: 'not_started', configured: 'not_started', invalid: 'not_started' },
  },
  health: {
    pass: { unknown: 'healthy', healthy: 'healthy', degraded: 'healthy', broken: 'healthy' },
    weaken: { unknown: 'degraded', healthy: 'degraded', degraded: 'degraded', broken: 'degraded' },
    fail: { unknown: 'broken', healthy: 'broken', degraded: 'broken', broken: 'broken' },
    expire: { unknown: 'unknown', healthy: 'unknown', degraded: 'unknown', broken: 'unknown' },
  },
  activation: {
    activate: { inactive: 'active' },
    deactivate: { active: 'inactive' },
    disable: { inactive: 'disabled', active: 'disabled' },
    enable: { disabled: 'inactive' },
  },
} as const satisfies { [A in Axis]: Record<string, Partial<Record<InstanceState[A], InstanceState[A]>>> }

export type InstanceEvent = { [A in Axis]: `${A}.${keyof (typeof TRANSITIONS)[A] & string}` }[Axis]

/** What another axis must say first: no credential is collected without an entitlement, nothing is activated before it is configured. */
const GUARDS: Readonly<Partial<Record<InstanceEvent, Transition>>> = {
  'configuration.begin': { entitlement: 'entitled' },
  'configuration.accept': { entitlement: 'entitled' },
  'activation.activate': { entitlement: 'entitled', configuration: 'configured' },
}

/** Every change of the configuration makes what was known of its health worthless. */
const FORGETS_HEALTH: Axis = 'configuration'

export type Next = { ok: true; state: InstanceState } | { ok: false; reason: 'no_transition' | 'not_entitled' | 'not_configured' }

/** Where an instance stands after an event, or why the event does not apply. Total: unknown events and positions are refused. */
export function next(state: InstanceState, event: InstanceEvent): Next {
  const [axis, verb] = event.split('.') as [string, string]
  const table: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>> = TRANSITIONS
  const verbs = Object.hasOwn(table, axis) ? table[axis] : undefined
  const moves = verbs && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  const from = state[axis as Axis]
  const to = moves && Object.hasOwn(moves, from) ? moves[from] : undefined
  if (to === undefined) return { ok: false, reason: 'no_transition' }
  const guard = GUARDS[event]
  if (guard?.entitlement !== undefined && guard.entitlement !== state.entitlement) return { ok: false, reason: 'not_entitled' }
  if (guard?.configuration !== undefined && guard.configuration !== state.configuration) return { ok: false, reason: 'not_configured' }
  return { ok: true, state: { ...state, ...(axis === FORGETS_HEALTH && { health: 'unknown' }), [axis]: to } }
}

/** Whether the tools of an instance are exposed. Degraded is healthy enough, for every risk; unknown is not. */
export function exposed(state: InstanceState): boolean {
  const healthyEnough = state.health === 'healthy' || state.health === 'degraded'
  return state.entitlement === 'entitled' && state.configuration === 'configured' && healthyEnough && state.activation === 'active'
}
