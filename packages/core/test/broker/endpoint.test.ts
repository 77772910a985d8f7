import fc from 'fast-check'
import { verifies } from '@portcullis/test-support'
import { expect, test } from 'vitest'
import { addressKind } from '../../src/broker/address.ts'
import { endpointOf } from '../../src/broker/endpoint.ts'
import { connectorAt } from './stage.ts'

const at = (baseUrl: string, hosts?: string[]) => endpointOf(connectorAt(hosts ?? [URL.canParse(baseUrl) ? new URL(baseUrl).host : baseUrl]), { baseUrl })

test('SEC-11: link-local, metadata and nonsense addresses are forbidden in whatever form they are written', () => {
  const forbidden = [
    'https://169.254.169.254/', 'https://2852039166/', 'https://0xa9fea9fe/', 'https://0251.0376.0251.0376/', 'https://169.254.43518/', 'https://[::ffff:169.254.169.254]/', 'https://[::ffff:a9fe:a9fe]/',
    'https://[::169.254.169.254]/', 'https://[64:ff9b::169.254.169.254]/', 'https://[2002:a9fe:a9fe::1]/', 'https://[fe80::1]/', 'https://[febf::1]/', 'https://[fd00:ec2::254]/', 'https://[::]/', 'https://0.0.0.0/', 'https://0/',
    'https://metadata.google.internal/', 'https://METADATA.google.internal./', 'https://100.100.100.200/', 'https://224.0.0.1/', 'https://255.255.255.255/', 'https://[ff02::1]/', 'https://①⑥⑨.254.169.254/',
  ]
  expect(forbidden.filter((url) => at(url) !== undefined)).toEqual([])
})

test('SEC-11: plain http, credentials in the URL, odd schemes, backslashes and queries make no base URL', () => {
  const forbidden = ['http://vendor.example/', 'http://10.0.0.1/', 'https://user@vendor.example/', 'https://u:p@vendor.example/', 'file:///etc/passwd', 'ftp://vendor.example/', 'https:\\\\vendor.example\\', 'vendor.example', '', 'https://vendor.example/?a=b', 'https://vendor.example/#f']
  expect(forbidden.filter((url) => at(url, ['vendor.example', '10.0.0.1', '']) !== undefined)).toEqual([])
  expect(['https://vendor.example', 'https://vendor.example/api/v1/', 'http://127.0.0.1:8080', 'http://[::1]:1/', 'http://localhost:3000'].filter((url) => at(url) === undefined)).toEqual([])
})

test('SEC-11: the host, port included, must be one that the connector names; so must the token host', () => {
  expect(at('https://evil.example/', ['vendor.example'])).toBeUndefined()
  expect(at('https://vendor.example:8443/', ['vendor.example'])).toBeUndefined()
  expect(at('https://vendor.example.evil.example/', ['vendor.example'])).toBeUndefined()
  expect(at('https://vendor.example/', ['Vendor.Example'])?.to('/a')?.href).toBe('https://vendor.example/a')
  const oauth = (tokenUrl: string) => endpointOf(connectorAt(['vendor.example'], { authorize: { type: 'oauth2_client_credentials', tokenUrl: () => tokenUrl } }), { baseUrl: 'https://vendor.example' })
  expect(oauth('https://vendor.example/token')?.tokenUrl?.href).toBe('https://vendor.example/token')
  expect(oauth('https://evil.example/token')).toBeUndefined()
  expect(oauth('http://vendor.example/token')).toBeUndefined()
})

verifies('CO-08', 'an origin that the credential was not entered for is forbidden even where the connector allows the host', () => {
  const connector = connectorAt(['a.example', 'b.example'])
  expect(endpointOf(connector, { baseUrl: 'https://a.example' }, ['https://a.example'])?.to('/x')?.href).toBe('https://a.example/x')
  expect(endpointOf(connector, { baseUrl: 'https://b.example' }, ['https://a.example'])).toBeUndefined()
})

test('a connector whose functions throw has no endpoint', () => {
  expect(endpointOf(connectorAt([], { hosts: () => { throw new Error('canary') } }), { baseUrl: 'https://a.example' })).toBeUndefined()
  expect(endpointOf(connectorAt(['a.example']), null)).toBeUndefined()
})

test('SEC-11: no path leaves the base URL', () => {
  const endpoint = at('https://vendor.example/api/v1')
  const escapes = [
    '', 'tickets', 'https://evil.example/', '//evil.example/', '/\\evil.example', '\\\\evil.example', '/..', '/../', '/a/../../b', '/./a', '/%2e%2e/b', '/%2E%2e/b', '/.%2e/b', '/%252e%252e/b', '/a%2f..%2fb', '/a%2F..', '/a%5c..%5cb',
    '/a%255cb', '/..;/b', '/..;a=b/c', '/a?b=c', '/a#b', '/a\nb', '/a\tb', '/a b', '/a%00', '/a%0d%0aHost:evil', '/a//b', '/é', '/a%', '/%ff', '/@evil.example', '/:80/', '/%25252525252e',
  ]
  // The last three are odd, not dangerous: they stay under the base URL.
  expect(escapes.filter((path) => endpoint?.to(path) !== undefined)).toEqual(['/@evil.example', '/:80/'])
  expect(endpoint?.to('/tickets/7/')?.href).toBe('https://vendor.example/api/v1/tickets/7/')
})

test('SEC-11: whatever text is used as a path, what comes out stays below the base URL or nothing does', () => {
  const endpoint = at('https://vendor.example/api')
  const piece = fc.oneof(fc.constantFrom('/', '..', '.', '%2e', '%2f', '%5c', '\\', '?', '#', '@', ':', '//', ';', '%', '%25', 'evil.example', '\t', '\u2025', '\uff0e'), fc.string({ maxLength: 4, unit: 'binary' }))
  fc.assert(fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
    const path = `/${pieces.join('')}`
    const url = endpoint?.to(path)
    if (url === undefined) return true
    return url.origin === 'https://vendor.example' && url.pathname === `/api${path}` && !/(^|\/)\.\.(\/|$)/.test(decodeURIComponent(url.pathname)) && url.search === '' && url.hash === ''
  }), { numRuns: 2_000 })
})

test('a caller-controlled segment that was encoded arrives as it was, or not at all', () => {
  const endpoint = at('https://vendor.example/api')
  fc.assert(fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (id) => {
    const url = endpoint?.to(`/tickets/${encodeURIComponent(id)}/notes`)
    return url === undefined ? /[/\\%\u0000-\u001f\u007f]|^\.\.?(;|$)/.test(id) : decodeURIComponent(url.pathname) === `/api/tickets/${id}/notes`
  }))
  expect(endpoint?.to(`/tickets/${encodeURIComponent('50% of é & ü?#')}`)?.pathname).toBe('/api/tickets/50%25%20of%20%C3%A9%20%26%20%C3%BC%3F%23')
})

test('query values cannot leave their place', () => {
  const url = at('https://vendor.example')?.to('/a', { name: 'x&client_id=2#', n: 1, missing: undefined, yes: true })
  expect(url?.href).toBe('https://vendor.example/a?name=x%26client_id%3D2%23&n=1&yes=true')
})

test('SEC-11: every IPv4 of 127/8 is loopback and every one of 169.254/16 forbidden, mapped into IPv6 as well', () => {
  fc.assert(fc.property(fc.nat(255), fc.nat(255), fc.nat(255), (a, b, c) => {
    const mapped = (ip: string) => addressKind(new URL(`https://[::ffff:${ip}]/`).hostname)
    return addressKind(`127.${a}.${b}.${c}`) === 'loopback' && mapped(`127.${a}.${b}.${c}`) === 'loopback' && addressKind(`169.254.${b}.${c}`) === 'forbidden' && mapped(`169.254.${b}.${c}`) === 'forbidden'
  }))
  expect([addressKind('[::1]'), addressKind('[2001:db8::1]'), addressKind('vendor.example'), addressKind('8.8.8.8')]).toEqual(['loopback', 'other', 'other', 'other'])
})
