import { command, together, type Outcome } from './steps.ts'
import type { Package } from './workspace.ts'

/** Builds each package into its `dist/`: ES modules and declarations. */
export async function build(packages: readonly Package[]): Promise<Outcome> {
  const outcomes: Outcome[] = []
  for (const one of packages) {
    const { passed, output } = await command('tsup', ['--silent'], one.folder)
    outcomes.push({ passed, output: `${one.name}\n${output}` })
  }
  return together(outcomes, `${packages.length} packages`)
}
