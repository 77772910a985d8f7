const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Whether the request was meant for this server and does not come from somebody else's page: a browser names both, and a name that was
 * rebound to our address is not ours (MCP: Origin MUST be validated). Loopback is allowed; clients that are no browsers send no Origin.
 */
export function isOurs(request: Request, own: URL): boolean {
  const host = request.headers.get('host') ?? new URL(request.url).host
  const origin = request.headers.get('origin')
  return isOwnOrLoopback(`${own.protocol}//${host}`, own) && (origin === null || isOwnOrLoopback(origin, own))
}

function isOwnOrLoopback(text: string, own: URL): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const plain = (url.protocol === 'http:' || url.protocol === 'https:') && url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  return plain && (url.origin === own.origin || LOOPBACK.has(url.hostname))
}
