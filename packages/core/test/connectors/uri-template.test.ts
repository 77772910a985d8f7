import fc from 'fast-check'
import { expect, test } from 'vitest'
import { uriMatcher } from '../../src/connectors/uri-template.ts'

const value = fc.string({ unit: fc.constantFrom('a', 'b', '.', '-', '%'), minLength: 1, maxLength: 200 }).filter((text) => !/^\.{1,2}$/.test(text))

test('a URI is of the template that it was made from, and of none with more or fewer segments', () => {
  const matches = uriMatcher('test://tickets/{id}/notes/note-{note}.txt')
  fc.assert(fc.property(value, value, (id, note) => {
    const uri = `test://tickets/${id}/notes/note-${note}.txt`
    expect(matches(uri)).toBe(true)
    for (const other of [`${uri}/`, `${uri}/x`, `x${uri}`, `${uri}x`, uri.replace('/notes', ''), `test://tickets/${id}/x/notes/note-${note}.txt`, `test://tickets//notes/note-${note}.txt`, `test://tickets/${id}/notes/note-.txt`]) expect(matches(other), other).toBe(false)
  }))
})

test('what is no variable stands for itself', () => {
  expect(uriMatcher('x://a.b/{id}')('x://aXb/1')).toBe(false)
  expect(uriMatcher('x://a.b/{id}')('x://a.b/1')).toBe(true)
  expect(uriMatcher('x://h/[a]+/{id}')('x://h/[a]+/1')).toBe(true)
  expect(uriMatcher('x://{+id}')('x://1')).toBe(false)
  expect(uriMatcher('x://a{id}a')('x://a')).toBe(false) // nothing stands for two things
  expect(uriMatcher('x://a{id}a')('x://aaa')).toBe(true)
})

test('a URI that a parser reads as another one is of no template', () => {
  const matches = ['file:///pub/{id}', 'note:///{a}/{b}', 'http://h/{a}'].map(uriMatcher)
  const strange = [
    'file:///pub/..\\secret', 'file:///pub/%2e%2e\\secret', 'file:///pub/..', 'file:///pub/.', 'note:///../secret', 'note:///./secret', 'note:///%2E%2e/secret',
    'note:///\t./secret', 'FILE:///pub/a', 'file:///pub/a\n', ' file:///pub/a', 'http://h:80/a', 'http://H/a', 'http://h/é', 'file:///pub/\u0000',
  ]
  for (const uri of strange) expect(matches.some((matcher) => matcher(uri)), uri).toBe(false)
  expect(['file:///pub/a', 'note:///a/b', 'http://h/%C3%A9'].map((uri, at) => matches[at]!(uri))).toEqual([true, true, true])
})

test('DOS-03: two variables in one segment are refused, values and URIs are bounded, and the worst URI takes no longer than another', () => {
  expect(() => uriMatcher('x://{a}{b}')).toThrow('two variables')
  expect(() => uriMatcher('x://{a}-{b}/c')).toThrow('two variables')
  const matches = uriMatcher(`x:${'/{a}'.repeat(50)}`)
  expect(matches(`x:${'/1'.repeat(50)}`)).toBe(true)
  expect(uriMatcher('x://{a}')(`x://${'a'.repeat(200)}`)).toBe(true)
  expect(uriMatcher('x://{a}')(`x://${'a'.repeat(201)}`)).toBe(false)
  expect(matches(`x:${`/${'1'.repeat(41)}`.repeat(50)}`)).toBe(false) // each value is short enough, the URI is not
  let read = 0
  const worst = new Proxy(Object('/'.repeat(1_000_000)) as object, { get: (text, name) => { read += 1; return Reflect.get(text, name, text) as unknown } }) as unknown as string
  expect(matches(worst)).toBe(false)
  expect(read).toBe(1) // its length
})
