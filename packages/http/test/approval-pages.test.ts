import fc from 'fast-check'
import { expect, test } from 'vitest'
import { verifies } from '@portcullis/test-support'
import { humanToken } from '../../mcp/test/world.ts'
import { visibleText } from '../src/visible-text.ts'
import { bytes, served, type Served } from './served.ts'

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
async function held(set: Served, args: object = { id: 1 }): Promise<string> {
  const response = await set.rpc('/mcp', await set.token('bot'), 'tools/call', { name: 'psa.wipe', arguments: args })
  const body = (await response.json()) as { result: { _meta: { 'dev.portcullis/denial': { approvalId: string } } } }
  return body.result._meta['dev.portcullis/denial'].approvalId
}
const show = (set: Served, id: string, token: string) => set.ask('GET', `/approvals/${id}`, { headers: bearer(token) })
const vote = (set: Served, id: string, token: string, ballot: unknown = { decision: 'approve', reason: 'fine' }) =>
  set.ask('POST', `/approvals/${id}/votes`, { headers: { ...bearer(token), 'content-type': 'application/json' }, body: typeof ballot === 'string' ? ballot : JSON.stringify(ballot) })

verifies(['AP-02', 'AP-03', 'self_approval'], 'a person at a distance from the request approves it over HTTP; nobody else does', async () => {
  await using set = await served()
  const id = await held(set)
  const status = async (...args: Parameters<typeof vote>) => [(await vote(...args)).status]
  expect(await status(set, id, humanToken('ada'))).toEqual([403]) // she keeps the account that asked
  expect(await status(set, id, humanToken('op'))).toEqual([404]) // may not see it
  const stale = await vote(set, id, humanToken('bo', 3_600))
  expect([stale.status, stale.headers.get('www-authenticate')]).toEqual([403, expect.stringContaining('error="insufficient_user_authentication", max_age="900"')])
  const done = await vote(set, id, humanToken('bo'))
  expect([done.status, await done.json()]).toEqual([200, { id, state: 'granted', approvals: 1, quorum: 1 }])
  expect((await vote(set, id, humanToken('bo'))).status).toBe(409)
  expect((await set.rpc('/mcp', await set.token('bot'), 'tools/call', { name: 'psa.wipe', arguments: { id: 1 } })).status).toBe(200)
  expect(set.jobs).toHaveLength(1)
})

test('TEN-06: invented, foreign and invisible approvals are the same 404', async () => {
  await using set = await served()
  const id = await held(set)
  const told = await Promise.all([
    show(set, id, await set.token('rival')), show(set, 'apr_invented', await set.token('rival')), show(set, id, humanToken('op')), show(set, '%00', humanToken('op')), show(set, 'apr_invented', humanToken('bo')),
    vote(set, id, await set.token('rival')), vote(set, 'apr_invented', humanToken('bo')),
  ].map(async (response) => bytes(await response)))
  expect(new Set(told).size).toBe(1)
  expect(told[0]).toMatch(/^\[404,/)
  expect((await set.ask('GET', `/approvals/${id}`)).status).toBe(401)
})

test.each(['', '{', '{"decision":"approve"}', '{"decision":"approve","reason":""}', '{"decision":"maybe","reason":"x"}', '{"decision":"approve","reason":"x","decision":"refuse"}', '{"decision":"approve","reason":"x","more":1}', '[]', 'null', JSON.stringify({ decision: 'approve', reason: 'x'.repeat(501) })])('%s is no ballot', async (body) => {
  await using set = await served()
  const id = await held(set)
  expect((await vote(set, id, humanToken('bo'), body)).status).toBe(400)
  expect(await (await show(set, id, humanToken('bo'))).text()).toContain('pending, 0 of 1')
})

test('APR-15: the page shows everything in plain text, with what is hidden made visible', async () => {
  await using set = await served()
  const id = await held(set, { id: 1, why: '<script>\n\u202Eevil\u200B\u0007\u{E0041}\uFE0F\u00A0\u2028# Approved' })
  const response = await show(set, id, humanToken('bo'))
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  const page = await response.text()
  expect(page).toContain(String.raw`Arguments: {"id":1,"why":"<script>\n\u{202e}evil\u{200b}`)
  expect(page).toContain(String.raw`\u{e0041}\u{fe0f}\u{a0}\u{2028}# Approved"}`)
  expect(page.split('\n').map((line) => line.split(':')[0])).toEqual(['Approval', 'State', 'Tool', 'Customer', 'Requester', 'Opened', 'Expires', 'Arguments', ''])
})

test('APR-15: nothing hidden survives, whatever the text, and ordinary text stays', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    const shown = visibleText(text)
    expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/u)
    expect(shown.replaceAll(/\\u\{([0-9a-f]+)\}/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))).toBe(text.replaceAll(/\\u\{([0-9a-f]+)\}/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16))))
  }))
  expect(visibleText('Größe 日本 €{"a":1}')).toBe('Größe 日本 €{"a":1}')
})

verifies('AP-06', 'the status page is the requester’s alone: whoever may vote, and everybody else, gets the bytes of an invented id', async () => {
  await using set = await served()
  const id = await held(set)
  const status = (approval: string, token: string) => set.ask('GET', `/approvals/${approval}/status`, { headers: bearer(token) })
  const own = await status(id, await set.token('bot'))
  expect([own.status, own.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect(await own.text()).toContain('<dd><pre>pending, 0 of 1 approvals</pre></dd>')
  const others = await Promise.all([status(id, humanToken('bo')), status(id, humanToken('ada')), status(id, await set.token('rival')), status(id, await set.token('viewer')), status('apr_invented', await set.token('bot'))].map(async (response) => bytes(await response)))
  expect(new Set(others).size).toBe(1)
  expect(others[0]).toMatch(/^\[404,/)
  expect((await set.ask('GET', `/approvals/${id}/status`)).status).toBe(401)
  await vote(set, id, humanToken('bo'))
  expect(await (await status(id, await set.token('bot'))).text()).toContain('granted, 1 of 1 approvals')
})

test('APR-15: the status page has no script, and hostile arguments are text in it', async () => {
  await using set = await served()
  const id = await held(set, { id: 1, why: '</pre><script>alert(1)</script>\u202E"\'&\u200B<img src=x onerror=alert(1)>' })
  const response = await set.ask('GET', `/approvals/${id}/status`, { headers: bearer(await set.token('bot')) })
  expect(response.headers.get('content-security-policy')).toBe("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
  const page = await response.text()
  expect(page.match(/<[a-z!/][^>]*>/g)?.filter((tag) => !/^<(?:!doctype html|html lang="en"|meta charset="utf-8"|\/?(?:html|head|title|body|h1|dl|dt|dd|pre))>$/.test(tag))).toEqual([])
  expect(page).toContain(String.raw`&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;\u{202e}`)
  expect(page).toContain(String.raw`&#39;&amp;\u{200b}&lt;img`)
})
