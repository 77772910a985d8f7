import type { Endpoint } from '@portcullis/core'

/** The endpoint of a path below and at `/mcp`; undefined when there is none. What follows `customers/` is for gate 3 to judge. */
export function endpointOf(pathname: string): Endpoint | undefined {
  if (pathname === '/mcp') return { kind: 'plain' }
  if (pathname === '/mcp/tenant') return { kind: 'tenant' }
  const segment = /^\/mcp\/customers\/([^/]+)$/.exec(pathname)?.[1]
  return segment === undefined ? undefined : { kind: 'customer', customer: decodedOnce(segment) }
}

/** Decoded exactly once. What cannot be decoded stays as it is: with its percent sign it is no id either. */
export function decodedOnce(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
