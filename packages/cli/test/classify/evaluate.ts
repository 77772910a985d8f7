import { fileURLToPath } from 'node:url'
import { runInNewContext } from 'node:vm'
import ts from 'typescript'

const FILE = fileURLToPath(new URL('./printed.ts', import.meta.url))
const OWN_SERVER = fileURLToPath(new URL('../../../mcp/src/own-server.ts', import.meta.url))

/** What the compiler says of a printed module, with the real `ownServer`, as strict as this repository is. */
export function typeErrors(module: string): readonly string[] {
  const { config } = ts.readConfigFile(fileURLToPath(new URL('../../../../tsconfig.base.json', import.meta.url)), (path) => ts.sys.readFile(path))
  const { options } = ts.parseJsonConfigFileContent({ ...(config as object), files: [] }, ts.sys, fileURLToPath(new URL('.', import.meta.url)))
  const settings: ts.CompilerOptions = { ...options, noEmit: true, paths: { '@portcullis/mcp': [OWN_SERVER] } }
  const host = ts.createCompilerHost(settings)
  const { getSourceFile, fileExists } = host
  host.fileExists = (path) => path === FILE || fileExists(path)
  host.getSourceFile = (path, language, ...rest) => (path === FILE ? ts.createSourceFile(path, module, language) : getSourceFile.call(host, path, language, ...rest))
  const program = ts.createProgram([FILE], settings, host)
  return ts.getPreEmitDiagnostics(program, program.getSourceFile(FILE)).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

/** What the module hands to `ownServer`, as text of JSON with its members sorted out: an array of [name, risk], and the lists. */
export interface Handed {
  readonly title?: string
  readonly tools: readonly (readonly [string, unknown])[]
  readonly prompts?: readonly string[]
  readonly resources?: readonly string[]
  readonly templates?: readonly string[]
  readonly completions?: readonly string[]
  readonly subscriptions?: readonly string[]
}

const STUB = `({ ownServer: ({ tools, ...rest }) => {
  if (Object.getPrototypeOf(tools) !== Object.prototype) throw new Error('another prototype')
  handed.push(JSON.stringify({ ...rest, tools: Object.entries(tools) }))
  return 'the connector'
} })`

/** Runs a printed module as TypeScript would emit it; it may do one thing only, which is to call `ownServer` once. */
export function evaluate(module: string): Handed {
  const { outputText, diagnostics } = ts.transpileModule(module, { reportDiagnostics: true, compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ESNext } })
  if (diagnostics?.length !== 0) throw new Error(ts.formatDiagnostics(diagnostics ?? [], { getCanonicalFileName: (name) => name, getCurrentDirectory: () => '', getNewLine: () => '\n' }))
  const handed: string[] = []
  const exported: Record<string, unknown> = {}
  runInNewContext(`(function (require, exports) { ${outputText}\n})(() => ${STUB}, exported)`, { handed, exported })
  const [text, ...more] = handed
  if (text === undefined || more.length > 0 || Object.keys(exported).join() !== 'self' || exported['self'] !== 'the connector') throw new Error('the module did something else')
  return JSON.parse(text) as Handed
}
