import { parseJson, type ApprovalPage, type Ballot, type Portcullis, type Request as Asked, type VoteDenied } from '@portcullis/core'
import { stepUpChallenge } from '@portcullis/mcp'
import { broken, json, page, refused, text } from './answers.ts'
import { hasType, readBody } from './body.ts'
import { visibleText } from './visible-text.ts'

const BALLOT_LIMITS = { bytes: 16_384, depth: 4 } as const

const STATUS: { readonly [C in VoteDenied['code']]: number } = {
  not_found: 404, role_forbids: 403, self_approval: 403, approval_stale: 403, step_up_required: 403,
  approval_expired: 409, approval_refused: 409, approval_consumed: 409, already_voted: 409, ballot_invalid: 400,
}

/** `GET /approvals/{id}`: plain text, so that nothing in the arguments can pretend to be part of the page (APR-15). */
export async function showApproval(portcullis: Portcullis, asked: Asked, id: string): Promise<Response> {
  const page = await portcullis.approvals.read(asked, id)
  return page.kind === 'approval' ? text(200, render(page)) : stopped(page, portcullis.url)
}

/** `GET /approvals/{id}/status`: how a request stands, for whoever made it; where the link of a held call leads. Nothing can be done here. */
export async function showStatus(portcullis: Portcullis, asked: Asked, id: string): Promise<Response> {
  const found = await portcullis.approvals.status(asked, id)
  return found.kind === 'approval' ? page('Approval', rows(found)) : stopped(found, portcullis.url)
}

/** `POST /approvals/{id}/votes` with `{ decision: 'approve' | 'refuse', reason }`. */
export async function castVote(portcullis: Portcullis, asked: Asked, id: string, request: Request): Promise<Response> {
  if (!hasType(request, 'application/json')) return json(415, { error: { code: 'malformed', message: 'A vote is sent as application/json.' } })
  const body = await readBody(request, BALLOT_LIMITS.bytes)
  const parsed = body === undefined ? undefined : parseJson(body, BALLOT_LIMITS)
  const voted = await portcullis.approvals.vote(asked, id, parsed?.ok === true ? ballotOf(parsed.value) : NO_BALLOT)
  if (voted.kind !== 'approval') return stopped(voted, portcullis.url)
  const { state, approvals, quorum } = voted
  return json(200, { id: voted.id, state, approvals, quorum })
}

const NO_BALLOT: Ballot = { decision: 'refuse', reason: '' }

/** Anything that is not exactly a ballot becomes one that core refuses. */
function ballotOf(value: unknown): Ballot {
  const { decision, reason, ...others } = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  const fits = (decision === 'approve' || decision === 'refuse') && typeof reason === 'string' && Object.keys(others).length === 0
  return fits ? { decision, reason } : NO_BALLOT
}

function stopped(answer: Exclude<Awaited<ReturnType<Portcullis['approvals']['vote']>>, ApprovalPage>, url: string): Response {
  if (answer.kind === 'fault') return broken()
  if (answer.kind !== 'vote_refused') return refused(answer, url)
  const { code, message } = answer
  return json(STATUS[code], { error: { code, message } }, code === 'step_up_required' ? stepUpChallenge(url) : {})
}

const time = (ms: number): string => new Date(ms).toISOString()

const rows = (found: ApprovalPage): readonly (readonly [string, string])[] => [
  ['Approval', found.id],
  ['State', `${found.state}, ${found.approvals} of ${found.quorum} approvals`],
  ['Tool', found.tool],
  ['Customer', found.customer ?? '(the whole tenant)'],
  ['Requester', found.requester],
  ['Opened', time(found.openedAt)],
  ['Expires', time(found.expiresAt)],
  ['Arguments', found.arguments],
]

const render = (found: ApprovalPage): string => `${rows(found).map(([name, value]) => `${`${name}:`.padEnd(11)}${visibleText(value)}`).join('\n')}\n`
