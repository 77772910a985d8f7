import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CODES, STAGES } from '@portcullis/core'
import { MANIFEST } from '../packages/testing/src/manifest.ts'
import { chainPage, type Stage } from './chain-page.ts'

interface Entry {
  readonly gate: string
  readonly message: string
  readonly remedy: string
  readonly effect: 'none' | 'done' | 'unknown'
  readonly retryable: boolean
  readonly caller: boolean
}

const FOLDER = join(import.meta.dirname, '../docs')

const cell = (text: string): string => text.replaceAll('|', String.raw`\|`)

function row(code: string, kind: 'deny' | 'hold', entry: Entry | undefined): string {
  if (entry === undefined) throw new Error(`STAGES names ${code}, CODES does not`)
  return `| \`${code}\` | ${kind} | ${cell(entry.message)} | ${cell(entry.remedy)} | ${entry.effect} | ${entry.retryable ? 'yes' : 'no'} | ${entry.caller ? 'yes' : 'operator only'} |`
}

/** The catalogue of denial codes as a page: gate by gate, in the order in which the first failing code answers. */
function codesPage(stages: readonly Stage[], codes: Readonly<Record<string, Entry>>): string {
  const sections = stages.flatMap(({ number, gate, title, deny, hold }) => {
    const rows = [...hold.map((code) => row(code, 'hold', codes[code])), ...deny.map((code) => row(code, 'deny', codes[code]))]
    const table = ['| code | verdict | message | remedy | effect | retry as it is | shown to the caller |', '|---|---|---|---|---|---|---|', ...rows, '']
    return [`## ${number} ${gate}`, '', `${title[0]?.toUpperCase() ?? ''}${title.slice(1)}.`, '', ...(rows.length > 0 ? table : ['This gate denies nothing.', ''])]
  })
  return [
    '<!-- Generated from the catalogue in core by `npm run docs`. Change it there. -->',
    '# Denial codes',
    '',
    'Within a gate the first failing code in this order answers. `effect` says whether anything happened at the vendor: `none`, `done`, or `unknown`.',
    'A code never changes its meaning; its words may.',
    '',
    ...sections,
  ].join('\n')
}

function written(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    return ''
  }
}

const notYet = STAGES.flatMap(({ deny, hold }) => [...deny, ...hold]).filter((code) => MANIFEST.get(code)?.status === 'later')
const pages = { 'codes.md': codesPage(STAGES, CODES), 'chain.md': chainPage(STAGES, notYet) }
mkdirSync(FOLDER, { recursive: true })
for (const [name, page] of Object.entries(pages)) {
  const path = join(FOLDER, name)
  if (!process.argv.includes('--check')) writeFileSync(path, page)
  else if (written(path) !== page) {
    process.stderr.write(`docs/${name} is not in step with the catalogue: \`npm run docs\`\n`)
    process.exitCode = 1
  }
}
