import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Fault } from '@portcullis/core'
import type { Command } from './command.ts'
import { ask, place, type Asked } from './classify/ask.ts'
import { words } from './classify/command-line.ts'
import { readListing, type Listing } from './classify/listing.ts'
import { asModule } from './classify/module.ts'
import { propose } from './classify/proposal.ts'

const OPTIONS = {
  url: { type: 'string' }, header: { type: 'string', multiple: true }, command: { type: 'string' }, json: { type: 'boolean', default: false },
} as const
const WHERE_FROM = 'Say where the tools are: --url <address>, --command <command line>, or a file (or `-`) with the result of tools/list.'
const HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x20-\x7e]*)$/

/** Proposes a classification of a server's own tools, for a person to confirm. */
export const classify: Command = async (argv, { out, err }) => {
  const { values, positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: OPTIONS })
  const source = sourceOf(values, positionals)
  if (typeof source === 'string') {
    err(`${source}\n`)
    return 2
  }
  const proposal = propose(await listing(source, err))
  out(values.json ? `${JSON.stringify(proposal, undefined, 2)}\n` : asModule(proposal))
  const { tools, prompts, resources, templates, leftOut } = proposal
  const unsure = tools.filter(({ confirm }) => confirm !== null).length
  err(`${tools.length} tools, ${prompts.length} prompts, ${resources.length} resources, ${templates.length} templates; ${unsure} tools to confirm first, ${leftOut.length} names left out.\n`)
  return 0
}

type Source = Asked | { readonly kind: 'file'; readonly path: string }
interface Values {
  readonly url?: string | undefined
  readonly command?: string | undefined
  readonly header?: readonly string[] | undefined
}

/** One sentence when it cannot be told. Headers are secrets: they are not repeated. */
function sourceOf({ url, command, header = [] }: Values, files: readonly string[]): Source | string {
  if ([url, command, ...files].filter((one) => one !== undefined).length !== 1) return WHERE_FROM
  if (header.length > 0 && url === undefined) return 'A --header goes with --url: there is no request to put it in.'
  if (files[0] !== undefined) return { kind: 'file', path: files[0] }
  if (command !== undefined) {
    const [program, ...args] = words(command) ?? []
    return program === undefined ? 'The --command is no command line: name a program and its arguments, with every quote closed.' : { kind: 'command', command: program, args }
  }
  const address = URL.parse(url ?? '')
  if (address === null || !/^https?:$/.test(address.protocol)) return 'The --url is no address: it begins with https://.'
  if (address.username !== '' || address.password !== '') return 'The --url has a password in it: give it with --header instead.'
  const loopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(address.hostname)
  if (address.protocol === 'http:' && !loopback) return 'The --url is neither https nor on this machine: what is sent there could be read on the way.'
  const headers: Record<string, string> = {}
  for (const line of header) {
    const [, name, value] = HEADER.exec(line) ?? []
    if (name === undefined || value === undefined) return "A --header is not of the form 'name: value'."
    headers[name.toLowerCase()] = value
  }
  return { kind: 'url', url: address, headers }
}

async function listing(source: Source, progress: (text: string) => void): Promise<Listing> {
  if (source.kind !== 'file') {
    progress(`Asking ${place(source)} …\n`)
    return ask(source)
  }
  const text = read(source.path)
  try {
    return readListing(JSON.parse(text))
  } catch (error) {
    throw error instanceof SyntaxError ? new Fault('listing_unusable', 'What was read is no JSON: give the result of tools/list as the server sent it.') : error
  }
}

function read(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (error) {
    throw new Fault('listing_unreadable', `The file ${JSON.stringify(path)} cannot be read: name one that holds the result of tools/list.`, { cause: error })
  }
}
