import { esxConformance } from "./conformance";

esxConformance("esx", { from: 0, every: 5 });
