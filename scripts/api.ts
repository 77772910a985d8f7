import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Extractor, ExtractorConfig, ExtractorLogLevel, type IConfigFile } from '@microsoft/api-extractor'
import type { Outcome } from './steps.ts'
import { ROOT, type Package } from './workspace.ts'

/** `./ports` of core is reported in `etc/core.ports.api.md`, its root in `etc/core.api.md`. */
const reportName = (short: string, subpath: string): string => [short, ...subpath.split('/').slice(1), 'api'].join('.')

/** Reads the built declarations, never the sources: the report is what an embedder's compiler sees. */
function config(one: Package, subpath: string, source: string): ExtractorConfig {
  const declarations = join(one.folder, source.replace('./src/', 'dist/').replace(/\.ts$/, '.d.ts'))
  const configObject: IConfigFile = {
    projectFolder: one.folder,
    mainEntryPointFilePath: declarations,
    compiler: {
      overrideTsconfig: {
        compilerOptions: { target: 'ES2023', lib: ['ES2023'], module: 'NodeNext', moduleResolution: 'NodeNext', types: ['node'], strict: true, skipLibCheck: true },
        files: [declarations],
      },
    },
    apiReport: { enabled: true, reportFileName: `${reportName(one.short, subpath)}.md`, reportFolder: join(ROOT, 'etc'), reportTempFolder: join(ROOT, 'temp') },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    newlineKind: 'lf',
    messages: {
      compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
      // No notes in the report: they carry line numbers, and would change with every comment.
      extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
    },
  }
  return ExtractorConfig.prepare({ configObject, configObjectFullPath: undefined, packageJsonFullPath: join(one.folder, 'package.json') })
}

/** Compares each package's public surface with its report below `etc/`, or writes the report. The packages are built. */
export function reportApi(packages: readonly Package[], mode: 'check' | 'write'): Outcome {
  mkdirSync(join(ROOT, 'etc'), { recursive: true })
  const complaints: string[] = []
  let reports = 0
  for (const one of packages) {
    for (const [subpath, source] of Object.entries(one.entries)) {
      reports++
      const said: string[] = []
      const result = Extractor.invoke(config(one, subpath, source), {
        localBuild: mode === 'write',
        messageCallback: (message) => {
          if (message.logLevel === ExtractorLogLevel.Error || message.logLevel === ExtractorLogLevel.Warning) said.push(message.text)
          message.handled = true
        },
      })
      const stale = mode === 'check' && result.apiReportChanged
      if (stale) complaints.push(`etc/${reportName(one.short, subpath)}.md is not in step with the sources: look at the change, then \`npm run api\``)
      else if (!result.succeeded) complaints.push(`${one.name}: ${said.join('\n')}`)
    }
  }
  return { passed: complaints.length === 0, note: `${reports} reports`, output: complaints.join('\n') }
}
