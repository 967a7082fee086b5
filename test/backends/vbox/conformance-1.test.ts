import { vboxConformance } from "./conformance";

vboxConformance({ from: 0, every: 2 });
