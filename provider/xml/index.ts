export * from "./element";
export { parseXml } from "./read";
export { formatXml } from "./write";
export { parseDomain, withDiskFiles, newDomain, type DiskFile, type NewDomain } from "./domain";
