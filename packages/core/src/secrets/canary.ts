/** A shorter secret would be found in innocent text. Nobody should call such a thing a secret. */
const SHORTEST = 8
/** Of a longer secret this much of its beginning is looked for: whoever has all of it has that too, in any encoding. */
const LONGEST = 1_024
const COMPILED_AT_MOST = 256
/** Bytes that all matchers together may take. */
const COMPILED_BYTES = 8 * 1024 * 1024
const BLOCK = 3
const BUCKETS = 1 << 14
/** Longer prefixes only cost table space: a step of this size already skips most of the text. */
const LONGEST_STEP = 48

interface Matcher {
  readonly finds: (text: string) => boolean
  readonly bytes: number
}

const compiled = new Map<string, Matcher>()
let compiledBytes = 0

/**
 * Does the text carry one of the secrets, in any usual encoding? Found: as it is, escaped for JSON (once, twice, or wholly as \u0041),
 * base64 and base64url at each of the three alignments, hex, percent-encoded (once, twice, or every byte), HTML entities, reversed,
 * and UTF-16 (hex, base64, NUL-interleaved).
 *
 * Not found, by design: secrets shorter than 8 characters, parts of a secret, a secret split over several places, compressed or
 * encrypted text, and encodings mixed within one secret. Of a secret longer than 1,024 characters the first 1,024 count as all of it.
 * It is an alarm for accidents, not a wall against code that means to leak.
 */
export function echoes(bytes: string, secrets: readonly string[]): boolean {
  return secrets.some((secret) => secret.length >= SHORTEST && matcherOf(beginning(secret)).finds(bytes))
}

/** Never ends within a character of two units, which no encoder would write as its first half. */
function beginning(secret: string): string {
  if (secret.length <= LONGEST) return secret
  const halved = (secret.charCodeAt(LONGEST - 1) & 0xfc00) === 0xd800
  return secret.slice(0, halved ? LONGEST - 1 : LONGEST)
}

function matcherOf(secret: string): Matcher {
  const known = compiled.get(secret)
  const matcher = known ?? compile(encodings(secret))
  // Taken out and put back, so that the first key is always the one unused for longest.
  if (known !== undefined) forget(secret, known)
  for (const [oldest, { bytes }] of compiled) {
    if (compiled.size < COMPILED_AT_MOST && compiledBytes + matcher.bytes <= COMPILED_BYTES) break
    forget(oldest, { bytes })
  }
  compiled.set(secret, matcher)
  compiledBytes += matcher.bytes
  return matcher
}

function forget(secret: string, { bytes }: Pick<Matcher, 'bytes'>): void {
  compiled.delete(secret)
  compiledBytes -= bytes
}

/**
 * Wu-Manber: looks at three characters, and where they end no prefix of any pattern, steps over as many as cannot begin one.
 * All encodings of a secret cost one walk over a fraction of the text, where one `indexOf` for each would be thirty walks.
 */
function compile(patterns: readonly string[]): Matcher {
  const length = Math.min(LONGEST_STEP, ...patterns.map((pattern) => pattern.length))
  const steps = new Uint8Array(BUCKETS).fill(length - BLOCK + 1)
  const endings = new Map<number, string[]>()
  for (const pattern of patterns) {
    for (let end = BLOCK - 1; end < length; end++) {
      const bucket = bucketOf(pattern, end)
      steps[bucket] = Math.min(steps[bucket] as number, length - 1 - end)
      if (end === length - 1) endings.set(bucket, [...(endings.get(bucket) ?? []), pattern])
    }
  }
  const finds = (text: string): boolean => {
    for (let end = length - 1; end < text.length; ) {
      const bucket = bucketOf(text, end)
      const step = steps[bucket] as number
      if (step === 0 && endings.get(bucket)?.some((pattern) => text.startsWith(pattern, end - length + 1))) return true
      end += step === 0 ? 1 : step
    }
    return false
  }
  return { finds, bytes: BUCKETS + 2 * patterns.reduce((sum, pattern) => sum + pattern.length, 0) }
}

function bucketOf(text: string, end: number): number {
  return ((text.charCodeAt(end - 2) * 131 + text.charCodeAt(end - 1)) * 131 + text.charCodeAt(end)) & (BUCKETS - 1)
}

function encodings(secret: string): string[] {
  const utf8 = Buffer.from(secret, 'utf8')
  const little = Buffer.from(secret, 'utf16le')
  const wide = [little, Buffer.from(little).swap16()]
  const backwards = Array.from(secret).reverse().join('')
  return [
    ...new Set([
      ...[secret, backwards].flatMap((text) => [text, escaped(text), escaped(escaped(text))]),
      ...[utf8, ...wide].flatMap(base64),
      ...[utf8, ...wide].map((bytes) => bytes.toString('hex')).flatMap((hex) => [hex, hex.toUpperCase()]),
      ...percentEncoded(utf8),
      ...unicodeEscaped(secret),
      ...entities(secret),
      ...['\u0000', '\\u0000'].map((nul) => secret.split('').join(nul)),
    ]),
  ]
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/** What stays the same whatever stands before and after the secret: the characters made of its bits alone. */
function base64(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    const own = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

/** Encoders differ in what they leave alone (encodeURIComponent, RFC 3986, forms, nothing), in the case of digits and in spaces. */
function percentEncoded(bytes: Buffer): string[] {
  const once = [/[\w.!~*'()-]/, /[\w.~-]/, /[\w.*-]/, /$^/].flatMap((kept) => {
    const text = [...bytes].map((byte) => (byte < 128 && kept.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`)).join('')
    return [text, text.replace(/%../g, (code) => code.toLowerCase()), text.replaceAll('%20', '+')]
  })
  return [...once, ...once.map((text) => text.replaceAll('%', '%25').replaceAll('+', '%2B'))]
}

function unicodeEscaped(secret: string): string[] {
  const digits = secret.split('').map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'))
  return ['\\u', '\\\\u'].flatMap((mark) => [digits, digits.map((four) => four.toUpperCase())].map((all) => all.map((four) => mark + four).join('')))
}

function entities(secret: string): string[] {
  const points = Array.from(secret).map((character) => character.codePointAt(0) as number)
  const hex = points.map((point) => point.toString(16))
  const named = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
  return [
    points.map((point) => `&#${point};`).join(''), ...[hex, hex.map((digits) => digits.toUpperCase())].map((all) => all.map((digits) => `&#x${digits};`).join('')),
    named, ...['&#39;', '&#x27;', '&apos;'].map((quote) => named.replaceAll("'", quote)),
  ]
}
