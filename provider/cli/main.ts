import { main } from "./program";
import { processTerminal } from "./terminal";

// Whoever reads has gone (`snaptree list web | head`): there is nobody left to write to.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
});

void main(process.argv.slice(2), processTerminal(process)).then((code) => {
    process.exitCode = code;
});
