import type { Connector } from '../connectors/connector.ts'
import { addressKind } from './address.ts'

const DECODED_AT_MOST = 3

/** Where one instance's requests may go. Made once per dispatch, from settings that a tenant typed in: everything is suspect. */
export interface Endpoint {
  /** Undefined = forbidden. `path` begins with `/` and is appended to the base URL's own path. */
  readonly to: (path: string, query?: Readonly<Record<string, string | number | boolean | undefined>>) => URL | undefined
  readonly tokenUrl: URL | undefined
}

/**
 * The endpoint of a connector with these settings, or undefined when base or token URL may not be asked: `endpoint_forbidden`.
 * Allowed is https, or http to loopback; the host (with its port) must be one that `connector.hosts` names, and the origin one that
 * the credential was entered for, where those are known. Call it when settings are saved too: a refusal then saves one at each call.
 */
export function endpointOf(connector: Connector, settings: unknown, origins?: readonly string[]): Endpoint | undefined {
  try {
    const hosts = new Set(connector.hosts(settings).map((host) => host.toLowerCase()))
    const allowed = (url: URL | undefined): url is URL => url !== undefined && isReachable(url, hosts, origins)
    const base = parse(connector.baseUrl(settings))
    if (!allowed(base) || base.search !== '' || base.hash !== '') return undefined
    const tokenUrl = connector.authorize.type === 'oauth2_client_credentials' ? parse(connector.authorize.tokenUrl(settings)) : undefined
    if (connector.authorize.type === 'oauth2_client_credentials' && !allowed(tokenUrl)) return undefined
    const root = base.pathname.replace(/\/$/, '')
    return {
      tokenUrl,
      to: (path, query = {}) => {
        if (!isPlainPath(path)) return undefined
        const url = parse(base.origin + root + path)
        // The parser must have found nothing to rewrite: what was checked is then what is asked.
        if (!allowed(url) || url.origin !== base.origin || url.pathname !== root + path) return undefined
        for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.append(name, String(value))
        return url
      },
    }
  } catch {
    return undefined
  }
}

function parse(text: unknown): URL | undefined {
  return typeof text === 'string' && !text.includes('\\') && URL.canParse(text) ? new URL(text) : undefined
}

function isReachable(url: URL, hosts: ReadonlySet<string>, origins: readonly string[] | undefined): boolean {
  const kind = addressKind(url.hostname)
  if (kind === 'forbidden' || url.username !== '' || url.password !== '') return false
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && kind === 'loopback')) return false
  return hosts.has(url.host) && (origins === undefined || origins.includes(url.origin))
}

/**
 * A path that means the same to every server on the way. Connector code encodes what callers control (`encodeURIComponent`);
 * an encoded slash, backslash, dot segment or control character is refused even so, because many servers decode before they route.
 */
function isPlainPath(path: unknown): path is string {
  if (typeof path !== 'string' || !path.startsWith('/')) return false
  const segments = path.slice(1).split('/')
  return segments.every((segment, index) => isPlainSegment(segment) && (segment !== '' || index === segments.length - 1))
}

function isPlainSegment(segment: string): boolean {
  if (/[?#]/.test(segment)) return false
  for (let text = segment, turn = 0; turn < DECODED_AT_MOST; turn++) {
    // `..;` is a dot segment to servers that know path parameters.
    if (/^\.\.?(?:;|$)/.test(text) || /[/\\\u0000-\u001f\u007f]/.test(text)) return false
    const decoded = decode(text)
    if (decoded === text) return true
    if (decoded === undefined) return turn > 0
    text = decoded
  }
  return false
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
