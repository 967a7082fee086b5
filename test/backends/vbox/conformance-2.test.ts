import { vboxConformance } from "./conformance";

vboxConformance({ from: 1, every: 2 });
