import type { Owned } from './08-arguments.ts'
import type { Admission, Reserved } from './09-quota.ts'
import { deny, hold, pass, type Verdict } from './verdict.ts'

/** Proof of gate 10: no approval is needed, or one for exactly this call was consumed. */
class CallApproved {
  readonly #reserved: Reserved

  constructor(reserved: Reserved) {
    this.#reserved = reserved
  }

  get owned(): Owned {
    return this.#reserved.owned
  }

  /** The ledger's answer itself: gate 11 dispatches each admission once, whatever evidence was made of it. */
  get admission(): Admission {
    return this.#reserved.admission
  }
}
export type Approved = CallApproved

/** Gate 10: destructive calls wait for somebody else. An answer of the ledger that is none of these refuses. */
export function decideApproval(reserved: Reserved): Verdict<'approval', Approved> {
  const { admission } = reserved
  switch (admission.kind) {
    case 'admitted':
    case 'clear':
      return pass(new CallApproved(reserved))
    case 'held':
      return hold('approval', admission.code, { approvalId: admission.approvalId })
    case 'open':
      return hold('approval', 'approval_required')
    case 'approval':
      return deny('approval', admission.code)
    default:
      return deny('approval', 'approval_stale')
  }
}
