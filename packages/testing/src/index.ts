export { storageLaws } from './laws/storage-laws.ts'
export { LawBroken, type Law } from './laws/law.ts'
export { manualClock, type LawClock, type StorageSubject } from './laws/subject.ts'
