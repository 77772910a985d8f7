/** How long a regular expression may take on a hostile text, as far as its structure tells. */
export type PatternCost =
  /** A number of steps that grows with the length of the text alone. */
  | 'linear'
  /** No worse than a power of the length: harmless on texts of bounded length. */
  | 'polynomial'
  /** Possibly exponential: something that varies is repeated, alternatives under a repetition overlap, or there is a backreference. */
  | 'exponential'

interface Repeat {
  readonly least: number
  readonly most: number
  readonly length: number
}

/** What is known of a group while it is read. */
interface Group {
  varies: boolean
  /** How each alternative begins: a literal character, or undefined when it may begin with several. */
  readonly starts: (string | undefined)[]
  fresh: boolean
}

/** Repetitions up to this many count as bounded. */
const FEW = 100

const newGroup = (): Group => ({ varies: false, starts: [undefined], fresh: true })

function repeatAt(source: string, at: number): Repeat | undefined {
  const found = /^(?:([*+?])|\{(\d+)(,(\d*))?\})/.exec(source.slice(at, at + 24))
  if (!found) return undefined
  const [text, sign, least, comma, most] = found
  if (sign) return { least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : Infinity, length: 1 }
  return { least: Number(least), most: comma === undefined ? Number(least) : most === '' ? Infinity : Number(most), length: text.length }
}

/** Index after a character class that begins at `at`; classes nest under the v flag only, where counting more is harmless. */
function classEnd(source: string, at: number, nests: boolean): number {
  let depth = 0
  for (let index = at; index < source.length; index++) {
    if (source[index] === '\\') index++
    else if (source[index] === '[' && (nests || index === at)) depth++
    else if (source[index] === ']' && --depth === 0) return index + 1
  }
  return source.length
}

function overlaps(group: Group): boolean {
  return group.starts.length > 1 && (group.starts.includes(undefined) || new Set(group.starts).size < group.starts.length)
}

/**
 * Judges a pattern by its structure alone, never too kindly: a repetition (by more than one) of a group in which anything varies counts
 * as exponential even where it happens to be harmless. Linear are patterns without wide repetitions, and those with one that are
 * anchored at the beginning.
 */
export function patternCost(pattern: RegExp): PatternCost {
  const { source } = pattern
  const open: Group[] = [newGroup()]
  let wide = 0
  let topAlternatives = false
  let at = 0
  while (at < source.length) {
    const group = open.at(-1) as Group
    const character = source[at] as string
    let closed: Group | undefined
    let literal: string | undefined
    if (character === '(') {
      open.push(newGroup())
      const prefix = /^\((?:\?(?:[:=!]|<[=!]|<[^>]*>|[a-z-]*:))?/.exec(source.slice(at))
      at += prefix?.[0].length ?? 1
      continue
    }
    if (character === '|') {
      if (open.length === 1) topAlternatives = true
      group.starts.push(undefined)
      group.fresh = true
      at++
      continue
    }
    if (character === ')') {
      closed = open.pop() as Group
      at++
    } else if (character === '[') {
      at = classEnd(source, at, pattern.flags.includes('v'))
    } else if (character === '\\') {
      if (/^\\(?:[1-9]|k<)/.test(source.slice(at))) return 'exponential'
      if (/[^a-zA-Z0-9]/.test(source[at + 1] ?? 'a')) literal = source[at + 1]
      at += 2
    } else {
      if (!'.^$'.includes(character) && !pattern.flags.includes('i')) literal = character
      at++
    }
    const repeat = repeatAt(source, at)
    const parent = open.at(-1) as Group | undefined
    if (!parent) return 'exponential'
    if (closed && repeat && repeat.most > 1 && (closed.varies || overlaps(closed))) return 'exponential'
    // An alternative has one literal beginning only if that character must be there.
    if (parent.fresh && (repeat === undefined || repeat.least > 0)) parent.starts[parent.starts.length - 1] = literal
    parent.fresh = false
    if (closed && (closed.varies || overlaps(closed))) parent.varies = true
    if (!repeat) continue
    at += repeat.length
    if (source[at] === '?') at++
    if (repeat.most !== repeat.least) parent.varies = true
    if (repeat.most > FEW && repeat.most !== repeat.least) wide++
  }
  if (wide === 0) return 'linear'
  const anchored = pattern.sticky || (source.startsWith('^') && !topAlternatives && !pattern.multiline)
  return wide === 1 && anchored ? 'linear' : 'polynomial'
}
