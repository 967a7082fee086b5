import { conformance } from "../../conformance";
import { needs, qemu, suiteWith } from "../../support/requires";
import { qemuBench } from "./machine";

suiteWith(needs(qemu), "the embedded backend", () => conformance("internal", qemuBench("internal")));
