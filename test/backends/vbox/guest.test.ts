import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Host } from "../../../provider/backends/vbox/host";
import { parseMachine } from "../../../provider/backends/vbox/document";
import { LocalSite } from "../../../provider/backends/vbox/local-site";
import { Manage } from "../../../provider/backends/vbox/manage";
import type { Site } from "../../../provider/backends/vbox/site";
import type { Guest } from "../../../provider/backends/backend";
import { startVirtualBox, type VirtualBox } from "../../hosts/virtualbox";
import { needs, suiteWith, virtualbox as required } from "../../support/requires";
import { StandIns } from "./stand-in";

suiteWith(needs(required), "a machine that is saved", () => {
    let virtualbox: VirtualBox;
    let document: string;
    let memory: string;
    let guest: Guest;
    let host: Host;
    beforeAll(async () => {
        virtualbox = await startVirtualBox();
        await virtualbox.run("createvm", "--name=vm", "--register");
        document = join(virtualbox.machines, "vm", "vm.vbox");
        memory = join(virtualbox.machines, "vm", "Snapshots", "memory.sav");
        await mkdir(join(virtualbox.machines, "vm", "Snapshots"));
        const site = new LocalSite();
        host = new Host(site, new Manage(site, { command: virtualbox.vboxmanage }));
        guest = host.guest((await seen()).uuid, seen);
    });
    afterAll(() => virtualbox.stop());

    const seen = async () => parseMachine(await readFile(document, "utf8"), document);

    /** What VirtualBox itself says that it does. */
    const state = async () => /^VMState="(.*)"$/m.exec(await virtualbox.run("showvminfo", "vm", "--machinereadable"))?.[1];

    /** As after `controlvm savestate`: the memory is a file, whose contents VirtualBox looks at only when it starts. */
    async function save(): Promise<void> {
        if ((await state()) === "saved") await virtualbox.run("discardstate", "vm");
        await writeFile(memory, "memory");
        await virtualbox.run("adoptstate", "vm", memory);
        expect(await state()).toBe("saved");
    }

    test("can't shut down, and stays saved, with what to do", async () => {
        await save();
        await expect(guest.leave("shutdown", {})).rejects.toThrow(
            /is saved, so its guest can't shut down; start it and shut it down, or leave it with destroy/,
        );
        expect([await state(), existsSync(memory)]).toEqual(["saved", true]);
    });

    test("is powered off once its memory is discarded, and not before", async () => {
        await save();
        await guest.leave("destroy", {});
        expect([await state(), existsSync(memory), (await seen()).saved]).toEqual(["poweroff", false, null]);
        expect(await host.powerState((await seen()).uuid)).toBe("shutoff");
    });

    test("keeps its memory with a snapshot that is taken of it, and has it again once that is restored", async () => {
        await save();
        await host.manage.run(["snapshot", "vm", "take", "asleep"], { machine: "vm" });
        await guest.leave("destroy", {});
        expect(await state()).toBe("poweroff");
        expect(existsSync(memory)).toBe(true); // The snapshot's.
        await host.manage.run(["snapshot", "vm", "restore", "asleep"], { machine: "vm" });
        expect([await state(), (await seen()).saved]).toEqual(["saved", memory]);
    });
});

/** As a machine on another host: where a machine runs is asked there. */
class ElsewhereSite extends LocalSite {
    static of(): Site {
        return Object.assign(new ElsewhereSite(), { isLocal: false });
    }
}

/*
 * Nothing can be started without VirtualBox's kernel module, so a program with VBoxManage's verbs and words stands in for a machine that runs: what it says is
 * written after VBoxManage's answers of machines that don't run, with the words that the program has for its states (7.2). No recording.
 */
describe("a machine that runs", () => {
    const uuid = "205af3f2-f10d-4695-905b-befb328b2a25";
    let programs: StandIns;
    let host: Host;
    let guest: Guest;
    beforeAll(async () => {
        programs = await StandIns.make();
        const command = await programs.program(
            "VBoxManage",
            `echo "$@" >> calls; now=$(cat state)
case "$1 $2 $3" in
"list runningvms "*) test "$now" = poweroff || echo "\\"vm\\" {${uuid}}" ;;
"showvminfo ${uuid} --machinereadable") echo 'name="x"'; echo "VMState=\\"$now\\""; echo 'VMStateChangeTime="2026-11-21T20:57:20.561000000"' ;;
"controlvm ${uuid} acpipowerbutton") test "$now" = running && cp after state ;;
"controlvm ${uuid} poweroff") echo poweroff > state ;;
"controlvm ${uuid} pause") echo paused > state ;;
"controlvm ${uuid} resume") test "$now" = paused && echo running > state ;;
"startvm ${uuid} --type") echo running > state ;;
*) exit 1 ;;
esac`,
        );
        const site = ElsewhereSite.of();
        host = new Host(site, new Manage(site, { command }));
        guest = host.guest(uuid, () => Promise.resolve({ saved: null } as Awaited<ReturnType<Parameters<Host["guest"]>[1]>>));
    });
    afterAll(() => programs[Symbol.asyncDispose]());

    const set = (state: string, file = "state") => writeFile(join(programs.folder, file), `${state}\n`);
    const now = async () => (await readFile(join(programs.folder, "state"), "utf8")).trim();

    test.each([
        ["running", "running"],
        ["paused", "paused"],
        ["stopping", "in shutdown"],
        ["gurumeditation", "crashed"],
        ["livesnapshotting", "running"],
        ["poweroff", "shutoff"],
    ])("that VirtualBox calls %s is %s", async (state, power) => {
        await set(state);
        expect(await host.powerState(uuid)).toBe(power);
    });

    test("is not asked about where it does not run, which would disturb what is done with it", async () => {
        await set("poweroff");
        await writeFile(join(programs.folder, "calls"), "");
        await host.powerState(uuid);
        expect(await readFile(join(programs.folder, "calls"), "utf8")).toBe("list runningvms\n");
    });

    test.each(["running", "paused"])("shuts down when it is asked to (%s)", async (state) => {
        await set(state);
        await set("poweroff", "after");
        await guest.leave("shutdown", {});
        expect(await now()).toBe("poweroff");
    });

    test("may be given up waiting for, and runs on", async () => {
        await set("running");
        await set("running", "after");
        const aborter = new AbortController();
        const left = guest.leave("shutdown", { signal: aborter.signal });
        aborter.abort(new Error("enough"));
        await expect(left).rejects.toThrow();
        expect(await now()).toBe("running");
    });

    test("is ended at once where its memory may be lost", async () => {
        await set("running");
        await guest.leave("destroy", {});
        expect(await now()).toBe("poweroff");
    });

    test("is started, or started and paused, where it arrives", async () => {
        for (const powerState of ["running", "paused"] as const) {
            await set("poweroff");
            await guest.arrive({ kind: "revert", name: "a", keepTip: null, powerState }, {});
            expect(await now()).toBe(powerState);
        }
    });
});
