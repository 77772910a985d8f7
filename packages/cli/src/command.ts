import { Fault } from '@portcullis/core'
import { classify } from './classify.ts'
import { key } from './key.ts'
import { secret } from './secret.ts'
import { verify } from './verify.ts'

const USAGE = `Usage: portcullis <command>

  key [file]
      Makes a deployment key, in ./portcullis.key unless a file is named.
  secret --key <file> [--env prod] [--json]
      Makes the secret of an API credential. It is shown once.
  verify <log file> --key <verifier key> [--checkpoint <file>] [--json]
      Verifies an exported audit log.
  classify --url <address> [--header 'name: value']... | --command '<program> <arguments>' | <file or -> [--json]
      Proposes which of a server's own tools read, write and destroy, for you to confirm.
      A saved listing is the result of tools/list; prompts, resources, resourceTemplates and capabilities may stand beside its tools.

Exit status: 0 done (verify: valid), 1 failed (verify: invalid), 2 not understood (verify: undecided).
`

/** Where a command writes: results to `out`, everything else to `err`. */
export interface Terminal {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

export type Command = (argv: readonly string[], terminal: Terminal) => number | Promise<number>

/** Before a `--`, whatever else is there. */
const asksForHelp = (argv: readonly string[]): boolean => argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined).some((word) => word === '--help' || word === '-h')

const COMMANDS: ReadonlyMap<string, Command> = new Map([['key', key], ['secret', secret], ['verify', verify], ['classify', classify]])

/** What the program does, apart from the process around it; answers the exit status. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = argv
  const command = name === undefined ? undefined : COMMANDS.get(name)
  if (name === 'help' || asksForHelp(command === undefined ? argv.slice(0, 1) : rest)) {
    terminal.out(USAGE)
    return 0
  }
  if (command === undefined) {
    terminal.err(name === undefined ? USAGE : `There is no command ${JSON.stringify(name)}: see \`portcullis --help\`.\n`)
    return 2
  }
  try {
    return await command(rest, terminal)
  } catch (error) {
    terminal.err(`${error instanceof Error ? error.message : 'Something went wrong.'}\n`)
    return error instanceof Fault ? 1 : 2
  }
}
