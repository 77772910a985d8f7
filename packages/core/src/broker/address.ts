/** Names under which clouds answer with credentials of the machine. */
const METADATA_NAMES = new Set(['metadata', 'metadata.google.internal', 'metadata.azure.internal', 'instance-data', 'instance-data.ec2.internal'])
/** Alibaba, Azure's wire server, Oracle: metadata outside 169.254/16. */
const METADATA_V4 = new Set(['100.100.100.200', '168.63.129.16', '192.0.0.192'])

export type AddressKind = 'loopback' | 'forbidden' | 'other'

/**
 * What a URL's `hostname` means for us. `forbidden`: link-local, cloud metadata, unspecified, multicast. It judges the name as written
 * (the URL parser has already turned decimal, hex and octal IPv4 into dots) and IPv4 inside IPv6; it does not resolve names, so a DNS
 * name that points to such an address is not seen here: where tenants choose host names freely, give `inProcess` a `fetch` whose
 * connections check the address they reach.
 */
export function addressKind(hostname: string): AddressKind {
  const name = hostname.toLowerCase().replace(/\.$/, '')
  if (name === 'localhost' || name.endsWith('.localhost')) return 'loopback'
  if (METADATA_NAMES.has(name)) return 'forbidden'
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return v4Kind(name)
  return name.startsWith('[') ? v6Kind(name.slice(1, -1)) : 'other'
}

function v4Kind(address: string): AddressKind {
  const [first = 0, second = 0] = address.split('.').map(Number)
  if (first === 127) return 'loopback'
  const linkLocal = first === 169 && second === 254
  return linkLocal || first === 0 || first >= 224 || METADATA_V4.has(address) ? 'forbidden' : 'other'
}

function v6Kind(address: string): AddressKind {
  const words = wordsOf(address)
  if (words === undefined) return 'forbidden'
  const [w0 = 0, w1 = 0] = words
  const leadingZeros = words.findIndex((word) => word !== 0)
  if (leadingZeros === -1) return 'forbidden'
  if (leadingZeros === 7 && words[7] === 1) return 'loopback'
  if ((w0 & 0xffc0) === 0xfe80 || (w0 & 0xff00) === 0xff00 || address === 'fd00:ec2::254') return 'forbidden'
  // Mapped and compatible, translated (64:ff9b::/96), 6to4: each carries an IPv4 address that a router will unpack.
  const mapped = leadingZeros >= 6 || (leadingZeros === 5 && words[5] === 0xffff) || (w0 === 0x64 && w1 === 0xff9b)
  if (mapped) return v4Kind(dotted(words[6], words[7]))
  return w0 === 0x2002 ? v4Kind(dotted(words[1], words[2])) : 'other'
}

/** The eight words of a canonical IPv6 address, as the URL parser writes it (no zone, no dots). */
function wordsOf(address: string): number[] | undefined {
  const [head = '', tail] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const gap = tail === undefined ? 0 : 8 - left.length - right.length
  const words = [...left, ...Array<string>(Math.max(gap, 0)).fill('0'), ...right].map((word) => Number.parseInt(word, 16))
  return words.length === 8 && words.every((word) => word >= 0 && word <= 0xffff) ? words : undefined
}

function dotted(high = 0, low = 0): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
