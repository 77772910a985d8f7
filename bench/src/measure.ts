/** One line of the report. `ratio` is value by baseline, both measured in this run; smaller is better unless `better` says otherwise. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly baseline: number
  readonly ratio: number
  /** The bar of the design, and whether this run is within it. */
  readonly bar: string
  readonly met: boolean
}

/** The bar of a figure that says how things are and judges nothing. */
export const TOLD = 'told, not judged'

const cpu = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** CPU in µs per operation: a warm-up, then the median of some batches, since the machine is shared. */
export async function cpuPerOperation(batch: () => number | Promise<number>, batches = 9): Promise<number> {
  for (let index = 0; index < 3; index++) await batch()
  const samples: number[] = []
  for (let index = 0; index < batches; index++) {
    const before = cpu()
    const operations = await batch()
    samples.push((cpu() - before) / operations)
  }
  return median(samples)
}

export const median = (values: readonly number[]): number => percentile(values, 0.5)

/** The value that so large a part of them (0 to 1) is below. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

const rounded = (value: number): number => Number(value.toPrecision(4))

export const figure = (name: string, unit: string, value: number, baseline: number, bar: string, met: boolean): Figure => ({
  name, value: rounded(value), unit, baseline: rounded(baseline), ratio: rounded(value / baseline), bar, met,
})

/** Of two sides that were measured in turns: the median of each round's own ratio, since both had the same disk and machine then. */
const pairedRatio = (values: readonly number[], baselines: readonly number[]): number =>
  median(values.map((value, round) => value / (baselines[round] ?? Number.NaN)))

/** Medians of such sides, with that ratio. */
export const pairedFigure = (name: string, unit: string, values: readonly number[], baselines: readonly number[], bar: string, met: (ratio: number) => boolean): Figure => {
  const ratio = pairedRatio(values, baselines)
  return { ...figure(name, unit, median(values), median(baselines), bar, met(ratio)), ratio: rounded(ratio) }
}
