import { definitionFault } from './definition.ts'

/** Characters; longer URIs are no template's. */
const LONGEST_URI = 2_048
const LONGEST_VALUE = 200
const VARIABLE = /\{[A-Za-z0-9_]+\}/

/** Text that is there as it is, or a variable with what stands around it. */
type Segment = { readonly text: string } | { readonly before: string; readonly after: string }

/**
 * Whether URIs are of a template (RFC 6570 level 1) in which each segment of the path has at most one variable, of 1 to 200 characters.
 * Segments are compared one by one, so the time is linear in the URI, which strangers choose. Only a URI in the form that URL parsers give it
 * is of any template: whoever parses `x:///public/../secret` gets another one than was judged.
 * @throws Fault `connector_invalid`
 */
export function uriMatcher(template: string): (uri: string) => boolean {
  const segments = template.split('/').map((text): Segment => {
    const [before = '', after, ...more] = text.split(VARIABLE)
    if (more.length > 0) throw definitionFault(`self: ${JSON.stringify(template)} has two variables in one segment.`)
    return after === undefined ? { text } : { before, after }
  })
  return (uri) => {
    if (uri.length > LONGEST_URI || !URL.canParse(uri) || new URL(uri).href !== uri) return false
    const parts = uri.split('/', segments.length + 1)
    return parts.length === segments.length && segments.every((segment, at) => isOf(segment, parts[at] ?? ''))
  }
}

function isOf(segment: Segment, part: string): boolean {
  if ('text' in segment) return part === segment.text
  const { before, after } = segment
  const length = part.length - before.length - after.length
  return length >= 1 && length <= LONGEST_VALUE && part.startsWith(before) && part.endsWith(after)
}
