/** What adapters implement. */
export type { CheckpointSink } from './checkpoint-sink.ts'
export type { Clock } from './clock.ts'
export type { ControlPlane } from './control-plane.ts'
export type { DispatchAnswer, DispatchContext, DispatchFailure, Dispatcher, DispatchJob, OwnerAnswer, OwnerJob } from './dispatcher.ts'
export type { Ids } from './ids.ts'
export type { Ledger } from './ledger.ts'
export type { Checkpoint, Log, LogRange, LogRecord, LogStep, TreeLevel, TreeNode } from './log.ts'
export type { Storage, TenantDoor } from './storage.ts'
export { embeddedLedger, type EmbeddedStore } from '../ledger/embedded.ts'
export type { LedgerView } from '../ledger/view.ts'
export type {
  AbandonItem, AdmitAnswer, AdmitItem, CloseAnswer, CompleteItem, LedgerAnswer, LedgerItem, NoteAnswer, NoteItem, OpenCall, ReconcileItem, VoteAnswer, VoteItem,
} from '../ledger/item.ts'
export { LedgerQueue, type Flush } from '../ledger/queue.ts'
export type { Approval, ApprovalRequest, Vote } from '../approvals/approval.ts'
export type { Usage } from '../quotas/reserve.ts'
export type { Limits, Instance, NamedTool, Snapshot, SubscriptionStatus } from '../tenancy/snapshot.ts'
export type { Binding, Credential, Customer, Directory, Principal, PrincipalKind } from '../tenancy/directory.ts'
