import { libvirtConformance } from "./conformance";

libvirtConformance("external", "newer");
