import { internalCheckpoints } from "./checkpoints-internal";

internalCheckpoints("installed");
