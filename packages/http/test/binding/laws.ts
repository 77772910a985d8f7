import { describe } from 'vitest'
import type { Binding } from './binding.ts'
import { callLaws } from './calls.ts'
import { requestLaws } from './requests.ts'
import { routeLaws } from './routes.ts'
import { streamLaws } from './streams.ts'

/** What every binding to a framework has to hold, on either SDK line. */
export function bindingLaws(binding: Binding): void {
  describe(`${binding.entry} on the SDK of ${binding.line}`, () => {
    requestLaws(binding)
    routeLaws(binding)
    callLaws(binding)
    streamLaws(binding)
  })
}
