import type { Proposal } from './proposal.ts'
import { excerpt, quoted } from './quoted.ts'

const DESCRIPTION = 160

/** `{ '__proto__': … }` would set a prototype instead of naming a tool. */
const key = (name: string): string => (name === '__proto__' ? `['__proto__']` : quoted(name))

const list = (member: string, names: readonly string[]): string[] =>
  names.length === 0 ? [] : [`  ${member}: [`, ...names.map((name) => `    ${quoted(name)},`), '  ],']

/** A module that makes a server's own connector as proposed. The same proposal is always the same text. */
export function asModule({ server, tools, prompts, resources, templates, completions, subscriptions, leftOut }: Proposal): string {
  const entries = tools.flatMap(({ name, risk, from, confirm, title, description }) => {
    const said = description ?? title
    return [
      ...(said === null ? [] : [`    // ${excerpt(said, DESCRIPTION)}`]),
      `    ${key(name)}: '${risk}', // from ${from}${confirm === null ? '' : ` // confirm: ${confirm}`}`,
    ]
  })
  return `${[
    `import { ownServer } from '@portcullis/mcp'`,
    '',
    '// Proposed from what the server says of itself: hints, not facts. Read what each tool does before you keep a line;',
    '// begin with those marked `confirm`. Whatever is not named here is unknown to callers, and so is a tool that you',
    "// write 'withheld' for, which also tells `checkProtected` that it is left out on purpose.",
    'export const self = ownServer({',
    ...(server === null ? [] : [`  title: ${quoted(server)},`]),
    '  tools: {', ...entries, '  },',
    ...list('prompts', prompts), ...list('resources', resources), ...list('templates', templates),
    ...list('completions', completions), ...list('subscriptions', subscriptions),
    ...leftOut.map(({ kind, name, why }) => `  // left out: the ${kind} ${excerpt(name, DESCRIPTION)}, because ${why}`),
    '})',
  ].join('\n')}\n`
}
