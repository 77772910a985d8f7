import { randomUUID } from 'node:crypto'
import type { Call, Connector, Denial, Outcome, Portcullis, TargetKind } from '../../../core/src/index.ts'
import { CODES } from '../../../core/src/index.ts'
import type { Tool } from '../../../core/src/connectors/connector.ts'
import { targetName } from '../../../core/src/connectors/own.ts'
import { asked } from '../../../core/src/connectors/round.ts'
import { openRound, sealRound } from '../../../core/src/secrets/sealed-round.ts'

const KEY = new Uint8Array(32).fill(1)
const OPEN = { kind: 'open', tenant: 'none', principal: 'anybody', authority: 'all' } as const

/**
 * A Portcullis without a gate in it, for one connector: what the host does by itself, to compare with what it does behind the chain. It
 * lives with the tests, and nothing in any `src` can become it.
 */
export function allowAll(connector: Connector): Portcullis {
  const nothing = (): never => { throw new Error('The suite does not need this.') }
  const find = (kind: TargetKind, name: string): Tool | undefined =>
    connector.tools.get(targetName(kind, name)) ?? (kind === 'resource' ? Array.from(connector.tools.values()).find(({ own }) => own?.matches?.(name)) : undefined)
  return {
    url: 'http://127.0.0.1:1',
    own: new Set(connector.tools.keys()),
    withheld: new Set(),
    offers: new Set(Array.from(connector.tools.values(), ({ own }) => own?.kind ?? 'tool')),
    open: async () => OPEN,
    begin: async () => OPEN,
    unclassified: async () => denied('method_unclassified', 'policy'),
    list: async (_, kind = 'tool') => ({
      kind: 'list', version: 1, calls: 0,
      tools: Array.from(connector.tools.values()).filter(({ own }) => own?.kind === kind).map(({ name, title, description, risk, advertised, own }) => ({
        name, title, description, risk, inputSchema: advertised.input, outputSchema: advertised.output, needsApproval: false, ...(own === undefined ? {} : { definition: own.definition }),
      })),
    }),
    enforce: (call) => run(call, find(call.kind ?? 'tool', call.tool)),
    watches: async () => true,
    dryRun: async () => ({ outcome: 'pass', rows: [] }),
    revoke: async () => undefined,
    onChange: () => () => undefined,
    explain: nothing, simulate: nothing, approvals: { read: nothing, status: nothing, vote: nothing }, exchange: nothing, jwks: nothing, exportLog: nothing, logKey: nothing, checkpoint: nothing, health: nothing,
    close: async () => undefined, [Symbol.asyncDispose]: async () => undefined,
  }
}

const denied = (code: 'method_unclassified' | 'tool_unknown' | 'input_invalid' | 'connector_failed', gate: Denial['gate']): Denial => {
  const { message, remedy, effect, retryable } = CODES[code]
  return { kind: 'denial', gate, code, message, remedy, effect, retryable, decisionId: `dec_${randomUUID()}` } as Denial
}

async function run({ arguments: sent, answers, askable, onNote, signal }: Call, tool: Tool | undefined): Promise<Outcome> {
  if (tool === undefined) return denied('tool_unknown', 'snapshot')
  const input = tool.input.safeParse(sent ?? {})
  const round = answers?.state === undefined ? undefined : openRound(KEY, answers.state)
  if (!input.success || round === 'broken') return denied('input_invalid', 'policy')
  try {
    const result = await tool.run({
      input: input.data, customer: undefined, vendor: undefined as never, callId: 'call', signal: signal ?? new AbortController().signal, tell: (note) => onNote?.(note), askable,
      round: answers === undefined ? undefined : { responses: answers.responses, state: round?.state },
    })
    const question = asked(result as Readonly<Record<string, unknown>>)
    const decisionId = `dec_${randomUUID()}`
    if (question === undefined) return { kind: 'result', raw: true, text: JSON.stringify(result), decisionId }
    return { kind: 'asked', requests: question.inputRequests, decisionId, state: sealRound(KEY, randomUUID(), { binding: '', callId: '', expiresAt: 0, state: question.state }) }
  } catch {
    return denied('connector_failed', 'dispatch')
  }
}
