import { internalCheckpoints } from "./checkpoints-internal";

internalCheckpoints("newer");
