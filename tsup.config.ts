import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Options } from 'tsup'

type Exports = Record<string, { '@portcullis/source': string }>

/**
 * How every package is built: one ES module and one declaration file for each of its `exports`.
 * `config` is the `import.meta.url` of the package's own `tsup.config.ts`.
 */
export function library(config: string): Options {
  const folder = fileURLToPath(new URL('.', config))
  const { exports } = JSON.parse(readFileSync(`${folder}package.json`, 'utf8')) as { exports: Exports }
  const sources = Object.values(exports).map((target) => target['@portcullis/source'])
  return {
    entry: Object.fromEntries(sources.map((source) => [source.replace(/^\.\/src\//, '').replace(/\.ts$/, ''), source])),
    format: 'esm',
    target: 'node22',
    dts: true,
    clean: true,
    splitting: true, // subpath entries share their code, so that brands and `instanceof` stay single
    treeshake: false,
    sourcemap: false,
  }
}
