import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Options } from 'tsup'

type Exports = Record<string, { '@portcullis/source': string }>

/** `./src/ports/index.ts` becomes `dist/ports/index.js`. */
const byOutput = (sources: readonly string[]): Record<string, string> =>
  Object.fromEntries(sources.map((source) => [source.replace(/^\.\/src\/(.*)\.ts$/, '$1'), source]))

/**
 * How every package is built: one ES module and one declaration file for each of its `exports`, one program for each `bin`.
 * `config` is the `import.meta.url` of the package's own `tsup.config.ts`.
 */
export function library(config: string): Options {
  const folder = fileURLToPath(new URL('.', config))
  const { exports, bin = {} } = JSON.parse(readFileSync(`${folder}package.json`, 'utf8')) as { exports: Exports; bin?: Record<string, string> }
  const libraries = Object.values(exports).map((target) => target['@portcullis/source'])
  const programs = Object.values(bin).map((file) => file.replace(/^\.\/dist\/(.*)\.js$/, './src/$1.ts'))
  return {
    entry: byOutput([...libraries, ...programs]),
    format: 'esm',
    target: 'node22',
    dts: { entry: byOutput(libraries) },
    clean: true,
    splitting: true, // subpath entries share their code, so that brands and `instanceof` stay single
    treeshake: false,
    sourcemap: false,
    removeNodeProtocol: false, // some built-ins, `node:sqlite` for one, have no other name
  }
}
