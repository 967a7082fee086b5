"use strict";
// Writes a text to the disk that is being provisioned: `node write.js TEXT`. A real program would start an installer here, run virt-customize, …
// Snaptree says where the disk is: SNAPTREE_DISK_<TARGET> for each one.
const { execFileSync } = require("node:child_process");
const { mkdtempSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");

const [text] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "snaptree-write-"));
try {
    const source = join(folder, "text");
    writeFileSync(source, text.padEnd(512, "\0"));
    execFileSync("qemu-io", ["-f", "qcow2", "-c", `write -s ${source} 0 512`, process.env.SNAPTREE_DISK_VDA], { stdio: ["ignore", "ignore", "inherit"] });
    console.log(`wrote “${text}”`);
} finally {
    rmSync(folder, { recursive: true });
}
