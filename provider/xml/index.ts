export * from "./element";
export { parseXml } from "./read";
export { formatXml } from "./write";
