import { libvirtConformance } from "./conformance";

libvirtConformance("internal", "newer");
