import type { AdmitItem, Limits } from '@portcullis/core/ports'
import type { Connection } from '../../../../test-support/postgres-server.ts'

/** What a writer is told, as JSON. `name` tells rivals of one run apart. */
export interface Task {
  readonly connection: Connection
  readonly role: string
  readonly tenant: string
  readonly name: string
  readonly callers: number
}

export const PLENTY: Limits = { included: 1e9, overage: false, tenantPerMinute: 1e9, principalPerMinute: 1e9 }
export const PRINCIPAL = 'ada'
export const VOTER = 'grace'

export const fingerprintOf = (key: string): string => `the request of ${key}`
export const answerOf = (call: string): string => `the answer of ${call}`

type Asks = Pick<AdmitItem, 'approval' | 'idempotency'>

/** An admission whose record says what the audit wants to know. Due at once, so that whoever comes after a crash need not wait. */
export function admission(callId: string, authorization: number, asks: Asks = {}): AdmitItem {
  const body = JSON.stringify({ call: callId, key: asks.idempotency?.key, padding: 'x'.repeat(300) })
  return { kind: 'admit', callId, authorization, principal: PRINCIPAL, limits: PLENTY, deadlineMs: 1, job: { instance: 'psa', tool: 'psa.close' }, body: body.slice(0, -1), ...asks }
}

/** What a call that needs an approval brings. Rivals ask for the same ones; each requester has one pending at the most. */
export function approvalOf(digest: string, id: string, approvalId?: string): NonNullable<AdmitItem['approval']> {
  const requester = `agent of ${digest}`
  return {
    ask: { digest, requester, electorate: [VOTER], ...(approvalId === undefined ? {} : { approvalId }) },
    request: { id, digest, requester, self: [requester], customer: undefined, tool: 'psa.wipe', instance: 'psa', arguments: '{"id":1}', sent: '{"id":1}', quorum: 1 },
  }
}
