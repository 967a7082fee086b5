import { esxConformance } from "./conformance";

esxConformance("vpx");
