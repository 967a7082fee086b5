import { execa } from "execa";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { connect } from "pulumi-snaptree/engine";
import { type Outcome, Stack } from "../../test/engine/stack";

/*
 * The quickstart on a real disk, by the real Pulumi engine, from the first `up` to the last. Everything is made in a temporary folder and removed.
 */

const checkout = dirname(dirname(__dirname));
const snaptree = join(checkout, "bin/snaptree");
const domain = "web";

const say = (text: string) => console.log(text);
const heading = (text: string) => say(`\n== ${text}`);

async function makeMachine(folder: string): Promise<string> {
    const host = `qemu:///embed?root=${folder}`;
    const disk = join(folder, "golden.qcow2");
    await execa("qemu-img", ["create", "-q", "-f", "qcow2", disk, "1G"]);
    await execa("qemu-io", ["-f", "qcow2", "-c", "write -P 0x67 1M 64k", disk]);
    const { stdout } = await execa(snaptree, ["--host", host, "define", domain, "--disk", `vda=${disk}`]);
    say(stdout);
    return host;
}

async function draw(host: string): Promise<void> {
    const { stdout } = await execa(snaptree, ["--host", host, "list", domain, "--tree"]);
    say(`\n${stdout.replaceAll(/^/gm, "    ")}\n`);
}

/** What became of the snapshots, in a line. */
function summary({ changes, milliseconds }: Outcome): void {
    const told = Object.entries(changes).map(([what, count]) => `${count} ${what}`);
    say(`${told.join(", ") || "nothing to do"} (${(milliseconds / 1000).toFixed(1)} s)`);
}

const nameOf = (urn: string) => urn.split("::").at(-1) ?? urn;

/** The snapshots that meet one fate. */
function steps(outcome: Outcome, fate: string): void {
    for (const { op, urn } of outcome.steps) if (urn.includes("Snapshot::") && op === fate) say(`  ${fate} ${nameOf(urn)}`);
}

/** The names of the snapshots in the stack's state. */
async function known(stack: Stack): Promise<string[]> {
    return (await stack.resources())
        .map(({ urn }) => urn)
        .filter((urn) => urn.includes("Snapshot::"))
        .map(nameOf);
}

interface Listed {
    readonly snapshots: readonly { readonly name: string; readonly files: Readonly<Record<string, string>> }[];
}

/** Reads each snapshot's own bytes with qemu-io, which knows nothing of Snaptree. */
async function prove(host: string): Promise<void> {
    const { stdout } = await execa(snaptree, ["--host", host, "--json", "list", domain]);
    for (const { name, files } of (JSON.parse(stdout) as Listed).snapshots) {
        const read = await execa("qemu-io", ["-r", "-f", "qcow2", "-c", "read -v 0 16", files.vda!]);
        const shown = read.stdout.split("\n")[0]!;
        const text = shown.slice(-16).replaceAll(".", "");
        say(`  ${name}: ${shown}`);
        if (text !== name) throw new Error(`snapshot ${name} holds “${text}”`);
    }
    say("Every snapshot holds its own bytes.");
}

async function demo(folder: string): Promise<void> {
    heading("A machine with a golden image, which Snaptree never writes");
    const host = await makeMachine(folder);
    await using stack = await Stack.create(checkout, { env: { SNAPTREE_HOST: host } });

    heading("pulumi up: the tree is built, each snapshot with contents of its own");
    summary(await stack.up());
    await draw(host);

    heading("pulumi preview, after the program wants other contents in c: what stands on c goes with it");
    const patched = ["--config", "snaptree-quickstart:c=patched"];
    steps(await stack.preview({ args: patched }), "replace");

    heading("pulumi up: c and d are replaced, e is not touched");
    summary(await stack.up({ args: patched }));
    await draw(host);

    heading("Drift: somebody deletes e behind Pulumi's back");
    {
        await using connected = await connect(host);
        await (await connected.domain(domain)).delete("e");
    }
    await draw(host);
    say("pulumi refresh sees it:");
    const before = await known(stack);
    await stack.refresh();
    const after = await known(stack);
    for (const name of before) if (!after.includes(name)) say(`  gone: ${name}`);
    say("and pulumi up mends it:");
    summary(await stack.up({ args: patched }));
    await draw(host);

    heading("pulumi destroy");
    summary(await stack.destroy());
    await draw(host);

    heading("pulumi up: the same tree again, from nothing; qemu-io reads what each snapshot holds");
    summary(await stack.up({ args: ["--config", "snaptree-quickstart:c=c"] }));
    await prove(host);
    summary(await stack.destroy());
}

async function main(): Promise<void> {
    const start = performance.now();
    const folder = await mkdtemp(join(tmpdir(), "snaptree-demo-"));
    try {
        await demo(folder);
    } finally {
        await rm(folder, { recursive: true });
    }
    say(`\nDone in ${Math.round((performance.now() - start) / 1000)} s.`);
}

void main();
