import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { verifies } from '@portcullis/test-support'
import { inProcess } from '../../src/broker/in-process.ts'
import { ask, type Round } from '../../src/connectors/round.ts'
import { selfConnector } from '../../src/connectors/self.ts'
import type { Fault } from '../../src/fault.ts'
import { ownInstance } from '../../src/memory/own-instance.ts'
import { psa, rmm } from '../fixtures/psa.ts'
import { Stage } from '../fixtures/stage.ts'
import { tenantOf, tokenOf } from '../fixtures/world.ts'

/** What each run of a tool was given. */
const runs: (Round | undefined)[] = []
const question = { which: { method: 'elicitation/create', params: { message: 'Which?' } } } as const
const own = selfConnector({
  title: 'Own',
  tools: {
    pick: { risk: 'write', description: 'Asks, then does.', input: z.object({}), run: async ({ round }) => { runs.push(round); return round === undefined ? ask(question, { step: 1 }) : { content: [] } } },
    wipe: { risk: 'destructive', description: 'Does at once.', input: z.object({}), run: async ({ round }) => { runs.push(round); return { content: [] } } },
    fails: { risk: 'write', description: 'Does not succeed.', input: z.object({}), run: async () => ({ isError: true, content: [{ type: 'text', text: 'no such ticket' }] }) },
    throws: { risk: 'write', description: 'Throws.', input: z.object({}), run: async () => { throw new Error('connection to 10.0.0.7 refused') } },
    stepwise: { risk: 'destructive', description: 'Acts, then asks.', input: z.object({}), run: async ({ round }) => { runs.push(round); return ask(question) } },
  },
})

async function staged(work: (stage: Stage) => Promise<void>): Promise<void> {
  runs.length = 0
  const before = tenantOf('north')
  const north = {
    ...before, entitlements: { ...before.entitlements, self: 'entitled' as const },
    instances: { ...before.instances, self: ownInstance() },
  }
  await using stage = await Stage.open({ north, connectors: [psa, rmm, own], more: { dispatcher: inProcess({ monotonic: () => 0 }) } })
  await work(stage)
}

const tenantWide = { endpoint: { kind: 'tenant' }, arguments: {} } as const
const answers = { responses: { which: { action: 'accept', content: { id: 'PRODUCTION' } } } }

describe('rounds of a call', () => {
  verifies(['CH-10', 'AP-01'], 'a destructive tool never sees what a client answered: the voter saw the arguments alone', () => staged(async (stage) => {
    const held = await stage.call({ ...tenantWide, tool: 'wipe', answers })
    expect(held).toMatchObject({ kind: 'hold', code: 'approval_required' })
    const id = held.kind === 'hold' ? (held.approvalId ?? '') : ''
    expect(await stage.portcullis.approvals.vote({ token: tokenOf('admin') }, id, { decision: 'approve', reason: 'fine' })).toMatchObject({ state: 'granted' })
    expect(await stage.call({ ...tenantWide, tool: 'wipe', answers })).toMatchObject({ kind: 'result' })
    expect(runs).toEqual([undefined])
    const call = (await stage.log()).find(({ kind, step }) => kind === 'call' && step === 'intent')
    expect(call).toMatchObject({ tool: 'wipe', answers: expect.stringMatching(/^[\w-]{22}$/) })
    expect(JSON.stringify(await stage.log())).not.toContain('PRODUCTION')
  }))

  verifies(['AP-01', 'output_invalid'], 'a destructive tool that asks keeps its approval used and says that it may have acted', () => staged(async (stage) => {
    const held = await stage.call({ ...tenantWide, tool: 'stepwise' })
    const id = held.kind === 'hold' ? (held.approvalId ?? '') : ''
    await stage.portcullis.approvals.vote({ token: tokenOf('admin') }, id, { decision: 'approve', reason: 'fine' })
    expect(await stage.call({ ...tenantWide, tool: 'stepwise' })).toMatchObject({ kind: 'denial', code: 'output_invalid', effect: 'done' })
    expect(await stage.call({ ...tenantWide, tool: 'stepwise' })).toMatchObject({ kind: 'denial', code: 'approval_consumed' })
    expect(runs).toHaveLength(1)
  }))

  test('MCP-07: a client may answer before it is asked, as the protocol allows; but the state of a question it cannot make', () => staged(async (stage) => {
    expect(await stage.call({ ...tenantWide, tool: 'pick', answers })).toMatchObject({ kind: 'result' })
    expect(runs).toEqual([{ ...answers, state: undefined }])
    expect(await stage.call({ ...tenantWide, tool: 'pick', answers: { ...answers, state: 'invented' } })).toMatchObject({ kind: 'denial', code: 'input_invalid' })
    expect(runs).toHaveLength(1)
  }))

  verifies(['AU-01', 'CH-12'], 'an own tool that says it failed is recorded as failed, with an effect that nobody knows; its words are its answer', () => staged(async (stage) => {
    const outcome = await stage.call({ ...tenantWide, tool: 'fails' })
    expect(outcome.kind === 'result' && JSON.parse(outcome.text)).toEqual({ isError: true, content: [{ type: 'text', text: 'no such ticket' }] })
    expect((await stage.log()).find(({ step }) => step === 'outcome')).toMatchObject({ status: 'failed', effect: 'unknown' })
  }))

  test('why an own tool threw is for whoever runs the server, and for nobody else', () => staged(async (stage) => {
    const outcome = await stage.call({ ...tenantWide, tool: 'throws' })
    expect(outcome).toMatchObject({ kind: 'denial', code: 'connector_failed', effect: 'unknown' })
    expect(JSON.stringify([outcome, await stage.log()])).not.toContain('10.0.0.7')
    expect(stage.faults).toContainEqual(expect.objectContaining({ code: 'own_target_failed', cause: expect.objectContaining({ message: 'connection to 10.0.0.7 refused' }) }))
  }))

  test('two targets of one name are a mistake that names itself', () => {
    const tool = { risk: 'read', description: 'd', input: z.object({}), run: async () => ({ content: [] }) } as const
    expect(() => selfConnector({ title: 'x', tools: { 'prompt:greet': tool }, prompts: { greet: { definition: {}, run: async () => ({ messages: [] }) } } }))
      .toThrow(expect.objectContaining({ code: 'connector_invalid' } satisfies Partial<Fault>))
  })
})

describe('whose limits and windows', () => {
  verifies(['CH-18', 'IS-05'], 'a name that an issuer gave shares nothing with a principal of that name, and is recorded as what it is', () => staged(async (stage) => {
    for (let round = 0; round < 700; round++) await stage.portcullis.enforce({ token: tokenOf('bot'), tool: 'psa.list' })
    expect(await stage.portcullis.list({ token: await stage.service('bot'), endpoint: { kind: 'customer', customer: 'acme' } })).toMatchObject({ kind: 'list' })
    expect((await stage.log()).find(({ kind }) => kind === 'refusal')).toMatchObject({ gate: 'authenticate', principal: null, subject: 'bot' })
  }))

  verifies('IS-05', 'a refusal by a second credential is a record of its own', () => staged(async (stage) => {
    const first = await stage.service('bot')
    const refusedBy = async (token: string): Promise<void> => expect(await stage.call({ token, tool: 'no.such' })).toMatchObject({ code: 'tool_unknown' })
    await refusedBy(first)
    await refusedBy(first)
    const session = tokenOf('operator', { claims: { sid: 's1' } })
    await refusedBy(session)
    await refusedBy(tokenOf('operator', { claims: { sid: 's2' } }))
    expect((await stage.log()).filter(({ kind }) => kind === 'refusal').map(({ session: sid }) => sid)).toEqual([null, 's1', 's2'])
  }))

  verifies('CH-18', 'being told of changes takes nothing from the limits of whoever watches, and leaves no record', () => staged(async (stage) => {
    const request = { token: tokenOf('operator'), endpoint: { kind: 'customer', customer: 'acme' } } as const
    const before = (await stage.log()).length
    for (let round = 0; round < 1_000; round++) expect(await stage.portcullis.watches(request, 'tool', 'psa.list')).toBe(true)
    expect(await stage.portcullis.watches(request, 'tool', 'no.such')).toBe(false)
    expect((await stage.log()).length).toBe(before)
    expect(await stage.portcullis.list(request)).toMatchObject({ kind: 'list' })
  }))
})
