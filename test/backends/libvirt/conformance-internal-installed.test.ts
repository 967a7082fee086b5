import { libvirtConformance } from "./conformance";

libvirtConformance("internal", "installed");
