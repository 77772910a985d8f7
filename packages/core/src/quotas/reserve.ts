/** Calls of one counter in one billing period. Whole numbers only. */
export interface Usage {
  readonly used: number
  readonly reserved: number
}

export const NO_USAGE: Usage = { used: 0, reserved: 0 }

export type Reserved = { readonly ok: true; readonly usage: Usage } | { readonly ok: false }

/** One call more, unless the included ones are used up and the plan allows no overage. What is no number includes nothing, what is not `true` allows nothing. */
export const reserve = (usage: Usage, plan: { readonly included: unknown; readonly overage: unknown }): Reserved =>
  plan.overage === true || (typeof plan.included === 'number' && usage.used + usage.reserved < plan.included) ? { ok: true, usage: { ...usage, reserved: usage.reserved + 1 } } : { ok: false }

/** The call was dispatched: it counts, whatever came of it. */
export const settle = ({ used, reserved }: Usage): Usage => ({ used: used + 1, reserved: reserved - 1 })

/** The call was surely not sent: it does not count. */
export const giveBack = ({ used, reserved }: Usage): Usage => ({ used, reserved: reserved - 1 })

/** The billing period of a moment: the UTC calendar month, `2026-11`. */
export const periodOf = (now: number): string => new Date(now).toISOString().slice(0, 7)
