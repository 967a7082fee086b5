export * from "./element";
export { parseXml } from "./read";
export { formatXml } from "./write";
export { parseDomain, withDiskFiles, newDomain, type DiskFile, type NewDomain } from "./domain";
export { parseSnapshot, formatSnapshot, emptySnapshot, type SnapshotDocument } from "./snapshot";
export type { DiskSnapshotMode, MemorySnapshot, SnapshotDisk } from "./snapshot-parts";
export { layoutDifference } from "./layout";
export { withoutSecrets } from "./secrets";
