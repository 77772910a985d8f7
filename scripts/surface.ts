import { join } from 'node:path'
import ts from 'typescript'
import { ROOT, type Package } from './workspace.ts'

/** What an entry exports as values, by specifier (`@portcullis/core/ports`), sorted; read from the sources by the compiler. */
export function surface(packages: readonly Package[]): Map<string, string[]> {
  const entries = packages.flatMap(({ name, folder, entries: paths }) =>
    Object.entries(paths).map(([subpath, source]) => ({ specifier: `${name}${subpath.slice(1)}`, file: join(folder, source) })))
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.base.json'), (path) => ts.sys.readFile(path)) as { config: object }
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: entries.map(({ file }) => file) }, ts.sys, ROOT)
  const program = ts.createProgram(entries.map(({ file }) => file), options)
  const checker = program.getTypeChecker()
  const isValue = (symbol: ts.Symbol): boolean => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    return (target.flags & ts.SymbolFlags.Value) !== 0 && !isTypeOnly(symbol)
  }
  return new Map(entries.map(({ specifier, file }) => {
    const source = program.getSourceFile(file)
    const symbol = source && checker.getSymbolAtLocation(source)
    return [specifier, symbol ? checker.getExportsOfModule(symbol).filter(isValue).map(({ name }) => name).toSorted() : []]
  }))
}

/** `export type { Fault }` of a class names a value but exports none. */
function isTypeOnly(symbol: ts.Symbol): boolean {
  return symbol.declarations?.some((declaration) => ts.isExportSpecifier(declaration) && ts.isTypeOnlyExportDeclaration(declaration)) ?? false
}
