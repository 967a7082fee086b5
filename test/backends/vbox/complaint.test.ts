import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { complaintOf, isNotServed, progressOf, withoutWarning } from "../../../provider/backends/vbox/complaint";
import { isInaccessible, isLocked, isNotFound, isWedged, refused } from "../../../provider/backends/vbox/vbox-error";

const folder = join(__dirname, "transcripts");

/** What VBoxManage wrote to standard error: each file's first line says where and how it was recorded. */
function transcript(name: string): string {
    const [, ...lines] = readFileSync(join(folder, name), "utf8").split("\n");
    return lines.join("\n");
}

const errorOf = (name: string) => refused("snapshot take", complaintOf(transcript(name)), {});

test.each([
    [
        "lock-pending.txt",
        /^VBoxManage snapshot take failed: The machine '.*' already has a lock request pending; .*stuck with this machine: close all of VirtualBox/,
    ],
    ["not-ready.txt", /^VBoxManage snapshot take failed: The object is not ready; .*; VirtualBox’s service is stuck/],
])("%s: a machine that the service is stuck with is told from one that is locked", (name, message) => {
    expect(errorOf(name)).toMatchObject({ name: "VBoxError", message: expect.stringMatching(message) });
    expect([isWedged, isLocked, isNotFound, isInaccessible].map((is) => is(errorOf(name)))).toEqual([true, false, false, false]);
});

test("VirtualBox at work on the machine for a call that was given up is a machine that is busy", () => {
    const error = errorOf("changing-state.txt");
    expect(error).toMatchObject({
        name: "BusyError",
        message: expect.stringMatching(
            /Cannot take a snapshot .* while it is changing state \(machine state: DeletingSnapshot\); wait until that is through, or close/,
        ),
    });
    expect(isLocked(error)).toBe(true);
});

test("a machine that somebody is starting is busy", () => {
    const error = errorOf("starting.txt");
    expect(error).toMatchObject({ name: "BusyError", message: expect.stringMatching(/tried to lock the machine 'm'.*; wait until that is through, or close/) });
    expect([isLocked(error), isInaccessible(error), isWedged(error)]).toEqual([true, false, false]);
});

test.each(["service-ended.txt", "service-ended-locking.txt"])("%s: a service that ended in the middle", (name) => {
    expect(errorOf(name)).toMatchObject({
        name: "VBoxError",
        code: "NS_ERROR_ABORT",
        message: expect.stringMatching(/; VirtualBox’s service \(VBoxSVC\) ended in the middle of it: look at the machine, then run again$/),
    });
});

test.each(["not-served.txt", "not-served-killed.txt", "not-served-settings.txt"])("%s: a service that was not there to begin anything", (name) => {
    expect(isNotServed(complaintOf(transcript(name)))).toBe(true);
});

test("no other complaint says that the service was not there: then something may have happened", () => {
    const others = readdirSync(folder).filter((name) => name.endsWith(".txt") && !name.startsWith("not-served"));
    expect(others.length).toBeGreaterThan(5);
    for (const name of others) expect([name, isNotServed(complaintOf(transcript(name)))]).toEqual([name, false]);
});

test("all sentences are told, and neither the progress nor what VBoxManage says of its own code", () => {
    expect(complaintOf(transcript("file-error.txt"))).toMatchObject({
        words: "Failed to create medium; Could not create the medium storage unit '/root/vb/work/r6/vms/r6m/d.vdi'.; VDI: cannot create image '/root/vb/work/r6/vms/r6m/d.vdi' (VERR_ALREADY_EXISTS)",
        code: "VBOX_E_FILE_ERROR",
    });
});

test("what VBoxManage does not understand is told without the usage that follows it", () => {
    expect(complaintOf(transcript("usage.txt"))).toEqual({ words: "Invalid parameter 'foo'", code: null, context: null });
});

test("a name with newlines, or with what complaints look like, stays in its sentence", () => {
    const told = complaintOf(
        "VBoxManage: error: Could not find a registered machine named 'a\nDetails: code VBOX_E_X (0x1)'\nVBoxManage: error: Details: code VBOX_E_OBJECT_NOT_FOUND (0x80bb0001), component VirtualBoxWrap\n",
    );
    expect(told).toEqual({
        words: "Could not find a registered machine named 'a Details: code VBOX_E_X (0x1)'",
        code: "VBOX_E_OBJECT_NOT_FOUND",
        context: null,
    });
});

test("silence is no complaint", () => {
    expect(complaintOf("0%...10%...100%\n")).toEqual({ words: "", code: null, context: null });
});

test.each([
    ["0%...", 0],
    ["0%...10%...", 0.1],
    ["90%...100%\n", 1],
    ["100%\n0%...", 0],
    ["0%...VBOX_E_FILE_ERROR", 0],
    ["Waiting for VM", null],
    ["", null],
])("progress %j is %s", (text, fraction) => {
    expect(progressOf(text)).toBe(fraction);
});

const debian = transcript("warning-debian.txt");

test("the warning of Debian's VBoxManage is no answer", () => {
    expect(debian).toMatch(/^WARNING: /);
    expect(withoutWarning(`${debian}"vm" {0}\n`)).toBe('"vm" {0}\n');
    expect(withoutWarning(debian)).toBe("");
    expect(withoutWarning(`Value: ${debian}`)).toBe(`Value: ${debian}`);
    expect(withoutWarning(`${debian}${debian}`)).toBe(debian);
});
