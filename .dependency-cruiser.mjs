import { readdirSync, readFileSync } from 'node:fs'

/** Who may import whom, held by machine. Everything here is about `packages/<name>/src`; tests may look wherever they like. */

const root = new URL('.', import.meta.url)
const packages = readdirSync(new URL('packages/', root))

/** The siblings and the outside modules that each package may name. A package that is not listed may name nothing. */
const MAY = {
  core: { siblings: [], npm: ['zod', 'jose', 'eventemitter3'] },
  sqlite: { siblings: ['core'], npm: [] },
  postgres: { siblings: ['core'], npm: ['pg', 'kysely'] },
  vault: { siblings: ['core'], npm: [] },
  mcp: { siblings: ['core'], npm: ['@modelcontextprotocol/sdk', '@modelcontextprotocol/server', 'zod'] },
  http: { siblings: ['core', 'mcp'], npm: [] },
  express: { siblings: ['core', 'http', 'mcp'], npm: ['express'] },
  fastify: { siblings: ['core', 'http', 'mcp'], npm: ['fastify'] },
  testing: { siblings: ['core'], npm: ['fast-check'] },
  verify: { siblings: [], npm: [] },
  cli: { siblings: ['core', 'verify'], npm: ['@modelcontextprotocol/client'] },
}

const escape = (text) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)
const anyOf = (names) => (names.length === 0 ? '(?!)' : `(?:${names.map(escape).join('|')})`)

/** The source files behind a package's `exports`: what other packages can see of it. */
const entries = (name) =>
  Object.values(JSON.parse(readFileSync(new URL(`packages/${name}/package.json`, root), 'utf8')).exports)
    .map((target) => `packages/${name}/${target['@portcullis/source'].slice(2)}`)

/** Installed modules appear as paths below `node_modules`, those that are not as their bare names. */
const npm = (names) => `(?:^|node_modules/)(?:@types/)?${anyOf(names)}(?:/|$)`

const packageRules = packages.flatMap((name) => {
  const may = MAY[name] ?? { siblings: [], npm: [] }
  const from = { path: `^packages/${name}/src/` }
  const visible = may.siblings.filter((sibling) => packages.includes(sibling)).flatMap(entries)
  return [
    {
      name: `${name}-siblings`,
      comment: 'A package sees of its siblings only those it is built on, and of these only their public entries.',
      severity: 'error', from,
      to: { path: '^(?:packages|test-support|scripts|examples|bench)/', pathNot: [`^packages/${name}/src/`, ...visible.map((entry) => `^${escape(entry)}$`)] },
    },
    {
      name: `${name}-outside`,
      comment: 'A package names only the technology it is there for.',
      severity: 'error', from,
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown', 'undetermined'], pathNot: ['^packages/', npm(may.npm)] },
    },
  ]
})

const GATES = 13
const two = (number) => String(number).padStart(2, '0')
/** Gate 12 writes what gate 13 decided: the release comes last, its verdict does not. So 12 may name what 13 proved, as a type. */
const named = (gate) => (gate === '12' ? { dependencyTypesNot: ['type-only'] } : {})
const gateRules = Array.from({ length: GATES }, (_, index) => two(index + 1)).map((gate, index, gates) => ({
  name: `gate-${gate}-looks-back-only`,
  comment: 'A gate may build on what earlier gates proved, never on a later one.',
  severity: 'error',
  from: { path: `^packages/core/src/chain/${gate}-` },
  to: { path: `^packages/core/src/chain/${anyOf(gates.slice(index + 1))}-`, ...named(gate) },
}))

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-test-runner-in-sources', severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { path: '^node:test$|(?:^|node_modules/)(?:vitest|jest|@jest)(?:/|$)' },
    },
    ...packageRules,
    {
      name: 'examples-are-embedders',
      comment: 'An example sees what an embedder sees: the public entries, and nothing of another example.',
      severity: 'error',
      from: { path: '^(examples/[^/]+)/' },
      to: { path: '^(?:packages|test-support|scripts|examples|bench)/', pathNot: ['^$1/', ...packages.flatMap(entries).map((entry) => `^${escape(entry)}$`)] },
    },
    ...gateRules,
    {
      name: 'core-domains-below-the-chain',
      comment: 'The chain is built on the domains; a domain that knew the chain could decide around it.',
      severity: 'error',
      from: { path: '^packages/core/src/[^/]+/', pathNot: '^packages/core/src/(?:chain|memory)/' },
      to: { path: '^packages/core/src/(?:chain/\\d\\d-|memory/)' },
    },
    {
      name: 'core-chain-sees-no-adapter', severity: 'error',
      from: { path: '^packages/core/src/chain/' },
      to: { path: '^packages/core/src/memory/' },
    },
    {
      name: 'core-gates-see-ports-as-types',
      comment: 'A gate decides over facts already loaded: it may know the shape of a port, never call one.',
      severity: 'error',
      from: { path: '^packages/core/src/chain/\\d\\d-' },
      to: { path: '^packages/core/src/ports/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'core-built-ins', comment: 'No clock, network, environment or file system in core.', severity: 'error',
      from: { path: '^packages/core/src/' },
      to: { dependencyTypes: ['core'], pathNot: '^(?:node:)?(?:crypto|fs|fs/promises|path)$' },
    },
    {
      name: 'core-files', comment: 'Only the key file and the checkpoint file touch the file system.', severity: 'error',
      from: { path: '^packages/core/src/', pathNot: '^packages/core/src/(?:secrets/key-file|audit/checkpoint-file)\\.ts$' },
      to: { path: '^(?:node:)?(?:fs|fs/promises|path)$' },
    },
    {
      name: 'mcp-v1-alone-sees-the-first-sdk', severity: 'error',
      from: { path: '^packages/mcp/src/', pathNot: '^packages/mcp/src/v1/' },
      to: { path: npm(['@modelcontextprotocol/sdk']) },
    },
    {
      name: 'mcp-v2-alone-sees-the-second-sdk', severity: 'error',
      from: { path: '^packages/mcp/src/', pathNot: '^packages/mcp/src/v2/' },
      to: { path: npm(['@modelcontextprotocol/server']) },
    },
    {
      name: 'mcp-lines-apart', severity: 'error',
      from: { path: '^packages/mcp/src/v(\\d)/' },
      to: { path: '^packages/mcp/src/v\\d/', pathNot: '^packages/mcp/src/v$1/' },
    },
    {
      name: 'verify-stands-alone',
      comment: 'Whoever distrusts us reads this package: it needs nothing but these parts of Node.',
      severity: 'error',
      from: { path: '^packages/verify/src/' },
      to: { pathNot: '^packages/verify/src/|^(?:node:)?(?:crypto|fs|readline)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^packages/[^/]+/dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { conditionNames: ['@portcullis/source', 'import', 'node', 'default', 'types'], exportsFields: ['exports'] },
  },
}
