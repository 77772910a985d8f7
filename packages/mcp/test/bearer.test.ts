import { expect, test } from 'vitest'
import { bearerIn } from '../src/index.ts'

test('AUT-16: one token of one header is a token; another scheme is none; two headers and other forms are refused (RFC 6750 §2.1)', () => {
  for (const header of ['Bearer abc.DEF-1_~+/=', 'bearer abc.DEF-1_~+/=', 'BEARER   abc.DEF-1_~+/=']) expect(bearerIn(header)).toEqual({ ok: true, token: 'abc.DEF-1_~+/=' })
  for (const header of [undefined, null, '', 'Basic abc', 'Bearerabc']) expect(bearerIn(header)).toEqual({ ok: true, token: undefined })
  for (const header of ['Bearer', 'Bearer ', 'Bearer a b', 'Bearer a, Bearer a', 'Basic a, Bearer a', 'Bearer a=b', 'Bearer ä', 'Bearer a\tb']) expect(bearerIn(header), header).toEqual({ ok: false })
})
