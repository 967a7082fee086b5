import { libvirtConformance } from "./conformance";

libvirtConformance("external", "installed");
