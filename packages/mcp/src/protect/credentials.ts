import { isPlainObject } from '../message.ts'
import { carriedBy } from './token.ts'

const PLAIN: ReadonlySet<unknown> = new Set([Object.prototype, Array.prototype, null])

export type Tokens = () => readonly string[]

/** The tokens that came with a request, wherever it carries them, read when somebody asks. They may differ: then it is refused, but the factory has run. */
export function tokensOf(context: unknown): Tokens {
  let tokens: readonly string[] | undefined
  return () => (tokens ??= read(context))
}

function read(context: unknown): readonly string[] {
  const { authInfo, header } = carriedBy(context)
  const inHeader = header('authorization')?.replace(/^\S+\s+/, '')
  const given = isPlainObject(authInfo) ? authInfo['token'] : undefined
  return [inHeader, given].filter((token): token is string => typeof token === 'string' && token !== '')
}

/** Whether one of the tokens may be had from a value. What cannot be looked through, functions and instances of classes, may hold anything. */
export function mayHold(value: unknown, tokens: readonly string[], met = new Set<object>()): boolean {
  if (typeof value === 'string') return tokens.some((token) => value.includes(token))
  if (typeof value === 'function') return true
  if (typeof value !== 'object' || value === null || met.has(value)) return false
  met.add(value)
  if (value instanceof URL && Reflect.ownKeys(value).length === 0) return mayHold(value.href, tokens)
  if (!PLAIN.has(Object.getPrototypeOf(value))) return true
  return Reflect.ownKeys(value).some((key) => {
    const member = Object.getOwnPropertyDescriptor(value, key)
    return member?.get !== undefined || mayHold(key, tokens) || mayHold(member?.value, tokens, met)
  })
}
