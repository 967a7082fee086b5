// Writes 64 KiB of one character into a disk, as the guest would: node write-slot.mjs SOCKET MACHINE TARGET SLOT CHARACTER
import { request } from "node:http";
import { URLSearchParams } from "node:url";

const [socketPath, vm, target, slot, char] = process.argv.slice(2);
const call = request({ socketPath, method: "PUT", path: `/disk?${new URLSearchParams({ vm, target, slot, char })}`, agent: false });
call.on("response", (response) => {
    process.exitCode = response.statusCode === 200 ? 0 : 1;
    response.pipe(process.stderr);
});
call.end();
