/** One TypeScript file of a page: its blocks of that name, in order. */
export interface PageFile {
  readonly name: string
  readonly text: string
  /** Why it is type-checked and not run. */
  readonly notRun?: string
}

/** The TypeScript of one document. `with`: documents whose files lie beside its own, where it has none of that name. */
export interface Page {
  readonly path: string
  readonly files: readonly PageFile[]
  readonly with: readonly string[]
}

const OPENS = /^```ts\b *(.*)$/
const CLOSES = /^```$/
const WITH = /^<!-- with (\S+) -->$/
const FILE = /^file=([a-z][a-z-]*\.ts)(?: +no-run="([^"]+)")?$/

/**
 * Reads the blocks of a document: ```` ```ts file=server.ts ````, or ```` ```ts file=server.ts no-run="why" ````. Blocks of one name are one
 * file; blocks inside an HTML comment count too, that is where a page keeps what only its test needs. `run.ts` is what is executed.
 * @throws Error that names document and line for a block without a file name, or one that is not run without a reason.
 */
export function readPage(path: string, text: string): Page {
  const files = new Map<string, { text: string; notRun: string | undefined }>()
  const beside: string[] = []
  let open: { readonly text: string[]; readonly name: string; readonly notRun: string | undefined } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    if (open === undefined) {
      const info = OPENS.exec(line)?.[1]
      const other = WITH.exec(line)?.[1]
      if (other !== undefined) beside.push(other)
      if (info === undefined) continue
      const [, name, notRun] = FILE.exec(info) ?? []
      if (name === undefined) throw new Error(`${path}:${index + 1}: a block of TypeScript says \`file=name.ts\`, and if it is not run \`no-run="why"\``)
      open = { text: [], name, notRun }
    } else if (CLOSES.test(line)) {
      const before = files.get(open.name)
      files.set(open.name, { text: `${before?.text ?? ''}${open.text.join('\n')}\n`, notRun: before?.notRun ?? open.notRun })
      open = undefined
    } else open.text.push(line)
  }
  if (open !== undefined) throw new Error(`${path}: the last block of TypeScript is not closed`)
  return { path, with: beside, files: [...files].map(([name, { text: body, notRun }]) => ({ name, text: body, ...(notRun === undefined ? {} : { notRun }) })) }
}
