import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { verifies } from '../../../../test-support/verifies.ts'
import { AXES, TRANSITIONS, exposed, next, type InstanceEvent, type InstanceState } from '../../src/connectors/state.ts'

const states: InstanceState[] = AXES.entitlement.flatMap((entitlement) =>
  AXES.configuration.flatMap((configuration) => AXES.health.flatMap((health) => AXES.activation.map((activation) => ({ entitlement, configuration, health, activation })))),
)
const events = Object.entries(TRANSITIONS).flatMap(([axis, verbs]) => Object.keys(verbs).map((verb) => `${axis}.${verb}` as InstanceEvent))

/** Written by hand from the requirement: event, from, to. */
const MOVES: readonly [InstanceEvent, string, string][] = [
  ['entitlement.grant', 'not_entitled', 'entitled'], ['entitlement.suspend', 'entitled', 'suspended'], ['entitlement.resume', 'suspended', 'entitled'],
  ['entitlement.revoke', 'entitled', 'not_entitled'], ['entitlement.revoke', 'suspended', 'not_entitled'],
  ['configuration.begin', 'not_started', 'in_progress'], ['configuration.begin', 'configured', 'in_progress'], ['configuration.begin', 'invalid', 'in_progress'],
  ['configuration.accept', 'in_progress', 'configured'], ['configuration.reject', 'in_progress', 'invalid'], ['configuration.invalidate', 'configured', 'invalid'],
  ['configuration.clear', 'in_progress', 'not_started'], ['configuration.clear', 'configured', 'not_started'], ['configuration.clear', 'invalid', 'not_started'],
  ...(['unknown', 'healthy', 'degraded', 'broken'] as const).flatMap((from): [InstanceEvent, string, string][] => [
    ['health.pass', from, 'healthy'], ['health.weaken', from, 'degraded'], ['health.fail', from, 'broken'], ['health.expire', from, 'unknown'],
  ]),
  ['activation.activate', 'inactive', 'active'], ['activation.deactivate', 'active', 'inactive'], ['activation.disable', 'inactive', 'disabled'],
  ['activation.disable', 'active', 'disabled'], ['activation.enable', 'disabled', 'inactive'],
]

describe('instance state', () => {
  verifies('CO-01', 'of all 144 states exactly two expose tools', () => {
    expect(states).toHaveLength(144)
    expect(states.filter(exposed)).toEqual([
      { entitlement: 'entitled', configuration: 'configured', health: 'healthy', activation: 'active' },
      { entitlement: 'entitled', configuration: 'configured', health: 'degraded', activation: 'active' },
    ])
  })

  verifies('CO-01', 'every event in every state moves its own axis as the table says, or is refused', () => {
    for (const state of states) {
      for (const event of events) {
        const axis = event.split('.')[0] as keyof InstanceState
        const move = MOVES.find(([name, from]) => name === event && from === state[axis])
        const blocked =
          (['configuration.begin', 'configuration.accept', 'activation.activate'].includes(event) && state.entitlement !== 'entitled') || (event === 'activation.activate' && state.configuration !== 'configured')
        const said = next(state, event)
        expect(said.ok, `${event} in ${JSON.stringify(state)}`).toBe(move !== undefined && !blocked)
        if (!said.ok) continue
        expect(said.state).toEqual({ ...state, ...(axis === 'configuration' && { health: 'unknown' }), [axis]: move?.[2] })
      }
    }
    expect(events).toHaveLength(17)
  })

  verifies('CO-02', 'a connector that is not entitled cannot be configured or activated', () => {
    const state: InstanceState = { entitlement: 'not_entitled', configuration: 'not_started', health: 'unknown', activation: 'inactive' }
    expect(next(state, 'configuration.begin')).toEqual({ ok: false, reason: 'not_entitled' })
    expect(next({ ...state, configuration: 'configured' }, 'activation.activate')).toEqual({ ok: false, reason: 'not_entitled' })
    expect(next({ ...state, entitlement: 'entitled' }, 'activation.activate')).toEqual({ ok: false, reason: 'not_configured' })
  })

  verifies('CO-01', 'unknown events and positions are refused, inherited names too', () => {
    const state = states[0] as InstanceState
    for (const event of ['', 'health', 'health.toString', '__proto__.x', 'constructor.name', 'nothing.grant']) {
      expect(next(state, event as InstanceEvent)).toEqual({ ok: false, reason: 'no_transition' })
    }
    expect(next({ ...state, health: 'toString' as 'healthy' }, 'health.pass')).toEqual({ ok: false, reason: 'no_transition' })
  })

  verifies('CO-05', 'nothing is exposed without an explicit activation', () => {
    const start: InstanceState = { entitlement: 'not_entitled', configuration: 'not_started', health: 'unknown', activation: 'inactive' }
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 40 }), (history) => {
        let state = start
        let activated = false
        for (const event of history) {
          const said = next(state, event)
          if (!said.ok) continue
          state = said.state
          if (event === 'activation.activate') activated = true
        }
        if (!activated) expect(exposed(state)).toBe(false)
        else expect(typeof exposed(state)).toBe('boolean')
      }),
    )
  })
})
