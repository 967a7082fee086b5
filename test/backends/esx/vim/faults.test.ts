import { BusyError, HostError, NotFoundError, StalePlanError } from "../../../../provider/model";
import { connectVim, faultOf, VimError } from "../../../../provider/backends/esx/vim";
import { failure, fails, returns, StandIn, taskError, taskOf, taskRead } from "./stand-in";

/*
 * What the host refuses: one sentence that says what, why in the host's own words, and what to do. The faults are written from the published vSphere Web
 * Services API reference (the “Faults” of CreateSnapshot_Task, RevertToSnapshot_Task, RemoveSnapshot_Task and ReconfigVM_Task).
 */

const TITLE = 'create snapshot "a" of "web"';

/** What creating a snapshot fails with where its task ends in this fault. */
async function taskFails(type: string, facts = "", words = "The host says why."): Promise<Error> {
    await using host = await StandIn.start({
        CreateSnapshot_Task: () => taskOf("CreateSnapshot_Task"),
        RetrievePropertiesEx: () => taskRead("error", taskError(type, words, facts)),
    });
    await using vim = await connectVim(host.host);
    return await failure(vim.createSnapshot("vm-1", { name: "a", description: "", memory: false, quiesce: false }, { title: TITLE }));
}

/** What renaming a snapshot fails with where the call itself is refused. */
async function callFails(type: string, facts = "", words = "The host says why."): Promise<Error> {
    await using host = await StandIn.start({ RenameSnapshot: () => fails(type, words, facts) });
    await using vim = await connectVim(host.host);
    return await failure(vim.rename("snapshot-1", { name: "b" }, { title: "rename it" }));
}

test.each<[string, string, RegExp]>([
    ["TooManySnapshotLevels", "", /as deep as the host allows \(32\): delete snapshots between, or create it further up$/],
    ["SnapshotDisabled", "", /snapshots are disabled for the machine: remove snapshot.maxSnapshots = 0/],
    ["SnapshotNoChange", "", /nothing has changed since the snapshot before/],
    ["SnapshotIncompatibleDeviceInVm", "<fault><fault xsi:type='DeviceNotSupported'/><localizedMessage>SCSI passthrough</localizedMessage></fault>", /can't be part of a snapshot \(SCSI passthrough\)/], // prettier-ignore
    ["MemorySnapshotOnIndependentDisk", "", /memory can't be kept beside independent disks: take it disks only/],
    ["MultipleSnapshotsNotSupported", "", /can have one snapshot and no more: delete that first$/],
    ["FilesystemQuiesceFault", "", /file systems could not be brought to rest: look at VMware Tools .*, or leave quiesce out$/],
    ["ApplicationQuiesceFault", "", /an application in the guest could not be brought to rest: .*, or leave quiesce out$/],
    ["SnapshotRevertIssue", "<snapshotName>a</snapshotName><errors>true</errors>", /the machine as it was does not fit this host/],
    ["SnapshotCloneNotSupported", "", /can't be cloned while it has snapshots/],
    ["SnapshotMoveNotSupported", "", /can't be moved while it has snapshots/],
    ["SnapshotMoveFromNonHomeNotSupported", "", /not in the machine's own folder: consolidate the machine first$/],
    ["SnapshotMoveToNonHomeNotSupported", "", /can't leave the machine's own folder: delete the snapshots first$/],
    ["SnapshotFault", "", /the host could not work on the snapshot: look at the machine's events there$/],
    ["InvalidSnapshotFormat", "", /damaged or of another version/],
    [
        "InvalidPowerState",
        "<requestedState>poweredOn</requestedState><existingState>poweredOff</existingState>",
        /it is poweredOff: bring it to poweredOn first$/,
    ],
    ["InvalidState", "", /not in a state for this: look at it on the host$/],
    ["ToolsUnavailable", "", /VMware Tools do not run in the guest: install and start them/],
    ["QuestionPending", "<text>msg.uuid.altered</text>", /a question open about the machine: answer it there/],
    ["HostNotConnected", "", /the vCenter has lost the host: reconnect it/],
    ["NoDiskSpace", "<file>web.vmdk</file><datastore>fast &amp; small</datastore>", /the datastore "fast & small" is full: free some on the datastore/],
    ["DiskNotEnoughSpace", "", /free some on the datastore/],
    ["InsufficientStorageSpace", "", /free some on the datastore/],
    ["InsufficientResourcesFault", "", /not enough memory or CPU left: free some/],
    ["FileNotFound", "<file>[ds] web/web-000001.vmdk</file>", /the file "\[ds\] web\/web-000001.vmdk" is gone: restore it/],
    ["NoPermission", '<object type="VirtualMachine">vm-1</object><privilegeId>VirtualMachine.State.CreateSnapshot</privilegeId>', /lacks the privilege "VirtualMachine.State.CreateSnapshot" on it: have it granted/], // prettier-ignore
    ["RestrictedVersion", "", /the host's license does not allow changes over its API/],
    ["HostAccessRestrictedToManagementServer", "<managementServer>10.0.0.1</managementServer>", /connect to that, with vpx:\/\/$/],
    ["NotSupported", "", /does not offer this for the machine/],
    ["InvalidName", "<name>a/b</name>", /does not take "a\/b" for a name: choose another$/],
    ["GenericVmConfigFault", "<reason>disk locked</reason>", /The host says why; disk locked \(GenericVmConfigFault\); the host could not work on the machine/],
    ["SomethingNew", "", /\(SomethingNew\); look at the events on the host$/],
])("%s says what to do", async (type, facts, advice) => {
    const error = await taskFails(type, facts);
    expect(error).toBeInstanceOf(VimError);
    expect(error).toBeInstanceOf(HostError);
    expect(error.message).toMatch(/^vpx:\/\/ann@vc\/ did not create snapshot "a" of "web": The host says why/);
    expect(error.message).toMatch(advice);
    expect(error.message).not.toMatch(/\n|undefined|null/);
    expect(error).toMatchObject({ fault: type, details: { fault: type, words: expect.stringMatching(/^The host says why/) } });
});

test.each(["TaskInProgress", "SnapshotLocked", "FileLocked", "MethodDisabled", "ResourceInUse"])("%s: others are at work on the machine", async (type) => {
    const error = await taskFails(type, "<task type='Task'>task-7</task>");
    expect(error).toBeInstanceOf(BusyError);
    expect(error.message).toMatch(/, and run again$/);
    expect(faultOf(error)).toBe(type);
});

test("a machine that was changed in between is stale", async () => {
    const error = await taskFails("ConcurrentAccess");
    expect(error).toBeInstanceOf(StalePlanError);
    expect(error.message).toMatch(/somebody else changed the machine in between, and nothing was done: run again$/);
});

test("a call that is refused says the same as a task that is", async () => {
    const gone = await callFails("ManagedObjectNotFound", '<obj type="VirtualMachineSnapshot">snapshot-1</obj>');
    expect(gone).toBeInstanceOf(NotFoundError);
    expect(gone.message).toMatch(/did not rename it: The host says why \(ManagedObjectNotFound\); it is gone: look what is there, and run again$/);
    expect((await callFails("NoPermission", "<privilegeId>X.Y</privilegeId>")).message).toMatch(/lacks the privilege "X.Y" on it/);
    expect(faultOf(await callFails("InvalidArgument", "<invalidProperty>name</invalidProperty>"))).toBe("InvalidArgument");
});

test("what a fault tells beyond its own sentence is told, once", async () => {
    const message = (text: string) => `<faultMessage><key>msg.k</key><message>${text}</message></faultMessage>`;
    const error = await taskFails("ApplicationQuiesceFault", message("VSS writer failed.") + message("The host says why."));
    expect(error.message).toMatch(/: The host says why; VSS writer failed \(ApplicationQuiesceFault\); an application/);
});

test("a fault without words, or with very many, is one sentence too", async () => {
    expect((await taskFails("InvalidState", "", "")).message).toMatch(/"web": InvalidState; the machine is not in a state/);
    expect((await taskFails("InvalidState", "", "very long ".repeat(1000))).message.length).toBeLessThan(800);
    expect((await taskFails("InvalidState", "", "two\nlines.")).message).toMatch(/: two lines \(InvalidState\);/);
});

const WANTING =
    "<missingSet><path>config.extraConfig</path><fault><fault xsi:type='NoPermission'><object type='VirtualMachine'>vm-1</object>" +
    "<privilegeId>System.Read</privilegeId></fault><localizedMessage/></fault></missingSet>";

const named = (type: string, id: string, name: string, further: string) =>
    `<objects><obj type="${type}">${id}</obj><propSet><name>name</name><val xsi:type="xsd:string">${name}</val></propSet>${further}</objects>`;

test("a privilege that is wanting for reading is named", async () => {
    const snapshot = `<objects><obj type="VirtualMachineSnapshot">snapshot-1</obj>${WANTING}</objects>`;
    await using host = await StandIn.start({
        RetrievePropertiesEx: ({ body }) =>
            returns(
                "RetrievePropertiesEx",
                `<returnval>${body.includes("snapshot-1") ? snapshot : named("VirtualMachine", "vm-1", "web", WANTING)}</returnval>`,
            ),
    });
    await using vim = await connectVim(host.host);
    const why = 'the user lacks the privilege "System.Read": have it granted';
    expect((await failure(vim.machine("vm-1"))).message).toBe(`vpx://ann@vc/ does not tell config.extraConfig of the machine "web": ${why}`);
    expect((await failure(vim.snapshotConfigs(["snapshot-1"]))).message).toBe(`vpx://ann@vc/ does not tell config.extraConfig of snapshot-1: ${why}`);
});

test("a machine that the user may not read keeps nobody from listing the others, nor a folder from where they stand", async () => {
    const off = '<propSet><name>runtime.powerState</name><val xsi:type="VirtualMachinePowerState">poweredOff</val></propSet>';
    const within = (folder: string) => `<propSet><name>parent</name><val type="Folder">${folder}</val></propSet>`;
    const hidden = `<objects><obj type="Folder">group-2</obj>${WANTING}</objects>`;
    const objects = [named("VirtualMachine", "vm-1", "hidden", WANTING), named("VirtualMachine", "vm-2", "web", off + within("group-3")), named("Folder", "group-3", "team", within("group-2")), hidden]; // prettier-ignore
    await using host = await StandIn.start({
        CreateContainerView: () => returns("CreateContainerView", '<returnval type="ContainerView">session[52ab]view</returnval>'),
        RetrievePropertiesEx: () => returns("RetrievePropertiesEx", `<returnval>${objects.join("")}</returnval>`),
    });
    await using vim = await connectVim(host.host);
    expect(await vim.machines()).toMatchObject([{ ref: "vm-2", name: "web", path: "team/web" }]);
});
