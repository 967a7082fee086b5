import { BusyError, HostError, StalePlanError } from "../../../../provider/model";
import { connectVim, faultOf } from "../../../../provider/backends/esx/vim";
import { failure, fails, returns, StandIn, taskError, taskOf, taskRead, taskSnapshot, taskUpdate, type Replies, type Reply } from "./stand-in";

/*
 * Tasks: how they are waited for, and what is said of those that are not. The answers are written from the published vSphere Web Services API reference
 * (TaskInfo, PropertyCollector.WaitForUpdatesEx): the simulator's tasks end at once.
 */

const SNAPSHOT = { name: "a", description: "", memory: false, quiesce: false };
const TITLE = 'create snapshot "a" of "web"';

/** Answers one after the other, the last one for good. */
function inTurn(...replies: (Reply | Promise<Reply>)[]): () => Reply | Promise<Reply> {
    return () => (replies.length > 1 ? replies.shift() : replies[0]) as Reply | Promise<Reply>;
}

const percent = (value: number) => ({ "info.progress": `<val xsi:type="xsd:int">${value}</val>` });

const STARTS: Replies = {
    CreateSnapshot_Task: () => taskOf("CreateSnapshot_Task"),
    RetrievePropertiesEx: () => taskRead("running"),
};

async function creating(replies: Replies, options: { signal?: AbortSignal; timeout?: number; onProgress?: (fraction: number) => void } = {}, cancel = 5_000) {
    await using host = await StandIn.start({ ...STARTS, ...replies });
    await using vim = await connectVim(host.host, { cancel });
    const made = await vim.createSnapshot("vm-1", SNAPSHOT, { title: TITLE, ...options }).then(
        (ref) => ({ ref, error: null }),
        (error: unknown) => ({ ref: null, error: error as Error }),
    );
    return { ...made, methods: host.methods.slice(2), calls: host.calls };
}

test("one that has ended when one looks takes two round trips", async () => {
    const { ref, methods } = await creating({ RetrievePropertiesEx: () => taskRead("success", taskSnapshot("snapshot-7")) });
    expect(ref).toBe("snapshot-7");
    expect(methods).toEqual(["CreateSnapshot_Task", "RetrievePropertiesEx"]);
});

test("one that takes longer is waited for without asking again and again, and tells how far it is", async () => {
    const fractions: number[] = [];
    const { ref, methods } = await creating(
        {
            WaitForUpdatesEx: inTurn(
                taskUpdate(1, "queued"),
                taskUpdate(2, "running", percent(0)),
                returns("WaitForUpdatesEx"), // Nothing changed in the time that a call waits.
                taskUpdate(3, "running", percent(40)),
                taskUpdate(4, "running", percent(100)),
                taskUpdate(5, "success", taskSnapshot("snapshot-7")),
            ),
        },
        { onProgress: (fraction) => fractions.push(fraction) },
    );
    expect(ref).toBe("snapshot-7");
    expect([...new Set(fractions)]).toEqual([0, 0.4, 1]);
    const once = ["CreateSnapshot_Task", "RetrievePropertiesEx", "CreatePropertyCollector", "CreateFilter"];
    expect(methods).toEqual([...once, ...Array.from({ length: 6 }, () => "WaitForUpdatesEx"), "DestroyPropertyCollector"]);
});

test("each wait goes on from the version that the last one gave", async () => {
    const { calls } = await creating({
        WaitForUpdatesEx: inTurn(taskUpdate(7, "running"), taskUpdate(9, "running"), taskUpdate(11, "success", taskSnapshot("s"))),
    });
    const versions = calls
        .filter(({ method }) => method === "WaitForUpdatesEx")
        .map(({ body }) => /<version>(.*)<\/version>|<version\/>/.exec(body)?.[1] ?? "");
    expect(versions).toEqual(["", "7", "9"]);
});

test("what it fails with is said", async () => {
    const error = taskError("TooManySnapshotLevels", "Snapshot hierarchy is too deep.");
    const { error: failed } = await creating({ WaitForUpdatesEx: () => taskUpdate(1, "error", error) });
    expect(failed?.message).toMatch(
        /^vpx:\/\/ann@vc\/ did not create snapshot "a" of "web": Snapshot hierarchy is too deep \(TooManySnapshotLevels\); the chain of snapshots is as deep/,
    );
    expect(faultOf(failed)).toBe("TooManySnapshotLevels");
});

test("one that is cancelled is cancelled on the host, and fails with the signal's reason once it has ended there", async () => {
    const controller = new AbortController();
    let cancelled: (reply: Reply) => void = () => undefined;
    const ended = new Promise<Reply>((resolve) => (cancelled = resolve));
    const { error, methods, calls } = await creating(
        {
            WaitForUpdatesEx: inTurn(taskUpdate(1, "running", percent(10)), ended),
            CancelTask: () => {
                cancelled(taskUpdate(2, "error", taskError("RequestCanceled", "The task was canceled by a user.")));
                return returns("CancelTask");
            },
        },
        { signal: controller.signal, onProgress: () => controller.abort(new Error("interrupted")) },
    );
    expect(error?.message).toBe("interrupted");
    expect(methods).toContain("CancelTask");
    expect(calls.find(({ method }) => method === "CancelTask")?.body).toContain("<_this type='Task'>task-42</_this>");
});

test("one that was through before it could be cancelled is done", async () => {
    const controller = new AbortController();
    let through: (reply: Reply) => void = () => undefined;
    const ended = new Promise<Reply>((resolve) => (through = resolve));
    const { ref } = await creating(
        {
            WaitForUpdatesEx: inTurn(taskUpdate(1, "running", percent(10)), ended),
            CancelTask: () => {
                through(taskUpdate(2, "success", taskSnapshot("snapshot-7")));
                return fails("InvalidState", "The operation is not allowed in the current state.");
            },
        },
        { signal: controller.signal, onProgress: () => controller.abort() },
    );
    expect(ref).toBe("snapshot-7");
});

test("one that can't be cancelled is said to go on, by its name on the host", async () => {
    const controller = new AbortController();
    const { error } = await creating(
        {
            WaitForUpdatesEx: inTurn(taskUpdate(1, "running", percent(10)), new Promise<Reply>(() => undefined)),
            CancelTask: () => fails("NotSupported", "The operation is not supported on the object."),
        },
        { signal: controller.signal, onProgress: () => controller.abort(new Error("interrupted")) },
        50,
    );
    expect(error).toBeInstanceOf(HostError);
    expect(error?.message).toMatch(
        /was asked to cancel what it does \(create snapshot "a" of "web"\), and goes on with it; task-42 may still run on the host: wait until/,
    );
    expect((error as HostError).details).toEqual({ task: "task-42" });
});

test("what is cancelled before it begins is not begun", async () => {
    const { error, methods } = await creating({}, { signal: AbortSignal.abort(new Error("interrupted")) });
    expect(error?.message).toBe("interrupted");
    expect(methods).toEqual([]);
});

test("one that takes longer than it may is not cancelled, and said to go on", async () => {
    const { error, methods } = await creating({ WaitForUpdatesEx: inTurn(taskUpdate(1, "running"), new Promise<Reply>(() => undefined)) }, { timeout: 50 });
    expect(error?.message).toMatch(
        /did not create snapshot "a" of "web" within 0.05 seconds; task-42 may still run on the host: wait until it has ended there/,
    );
    expect(methods).not.toContain("CancelTask");
});

const breaks: Reply = (response) => void response.destroy();

test("a connection that breaks while one waits is made again: the task goes on meanwhile", async () => {
    const { ref, methods } = await creating({ WaitForUpdatesEx: inTurn(breaks, taskUpdate(1, "success", taskSnapshot("snapshot-7"))) });
    expect(ref).toBe("snapshot-7");
    expect(methods.filter((method) => method === "CreateSnapshot_Task")).toHaveLength(1);
});

test("a host that is gone while one waits may still be at it, which is said", async () => {
    const { error } = await creating({ WaitForUpdatesEx: () => breaks });
    expect(error).toBeInstanceOf(HostError);
    expect(error?.message).toMatch(/the connection to vpx:\/\/ann@vc\/ broke before the answer was there .*; task-42 may still run on the host/);
});

test("a call that changes something is never sent twice: whether it was carried out is not known, and that is said", async () => {
    const { error, methods } = await creating({ CreateSnapshot_Task: () => breaks });
    expect(error?.message).toMatch(/broke before the answer was there .*; whether it did create snapshot "a" of "web" is not known: look, and run again/);
    expect(methods).toEqual(["CreateSnapshot_Task"]);
});

const GONE = fails("NotAuthenticated", "The session is not authenticated.", '<object type="Folder">group-d1</object><privilegeId>System.View</privilegeId>');

test("a session that has expired is begun anew, and the call that it refused is made again, once", async () => {
    const { ref, methods } = await creating({
        CreateSnapshot_Task: inTurn(GONE, taskOf("CreateSnapshot_Task")),
        RetrievePropertiesEx: () => taskRead("success", taskSnapshot("snapshot-7")),
    });
    expect(ref).toBe("snapshot-7");
    expect(methods).toEqual(["CreateSnapshot_Task", "Login", "CreateSnapshot_Task", "RetrievePropertiesEx"]);
});

test("a session that no login brings back ends in an error, and not in a loop", async () => {
    const { error, methods } = await creating({ CreateSnapshot_Task: () => GONE });
    expect(faultOf(error)).toBe("NotAuthenticated");
    expect(methods).toEqual(["CreateSnapshot_Task", "Login", "CreateSnapshot_Task"]);
});

test("a session that expires while a task is waited for takes the watch with it, and not the task", async () => {
    const { ref, methods } = await creating({
        WaitForUpdatesEx: inTurn(
            taskUpdate(1, "running"),
            GONE,
            fails("ManagedObjectNotFound", "The object has already been deleted."),
            taskUpdate(1, "success", taskSnapshot("snapshot-7")),
        ),
    });
    expect(ref).toBe("snapshot-7");
    expect(methods.filter((method) => method === "CreateSnapshot_Task")).toHaveLength(1);
    expect(methods.filter((method) => method === "CreatePropertyCollector")).toHaveLength(2);
});

test("a task that the host has forgotten is no missing machine", async () => {
    const { error } = await creating({ RetrievePropertiesEx: () => fails("ManagedObjectNotFound", "The object has already been deleted.") });
    expect(error).toMatchObject({
        name: "HostError",
        message: expect.stringMatching(/forgot the task that was to create snapshot "a" of "web"; task-42 may still run/),
    });
});

test("many that find the session expired log in once", async () => {
    const expired = new Set(["vm-1", "vm-2", "vm-3", "vm-4"]);
    await using host = await StandIn.start({
        ShutdownGuest: ({ body }) => (expired.delete(/vm-\d/.exec(body)?.[0] ?? "") ? GONE : returns("ShutdownGuest")),
    });
    await using vim = await connectVim(host.host);
    await Promise.all(["vm-1", "vm-2", "vm-3", "vm-4"].map((ref) => vim.shutdownGuest(ref, { title: "shut down" })));
    expect(host.methods.filter((method) => method === "Login")).toHaveLength(2);
});

test("a password that is not taken any more is tried once, since hosts lock out whoever tries too often", async () => {
    const logins = inTurn(returns("Login", "<returnval/>"), fails("InvalidLogin", "Cannot complete login due to an incorrect user name or password."));
    await using host = await StandIn.start({ ShutdownGuest: () => GONE, Login: logins });
    await using vim = await connectVim(host.host);
    for (const ref of ["vm-1", "vm-2", "vm-3"])
        expect((await failure(vim.shutdownGuest(ref, { title: "shut down" }))).message).toMatch(/does not take "ann" with this password/);
    expect(host.methods.filter((method) => method === "Login")).toHaveLength(2);
});

test("a change of a configuration that is another one meanwhile is stale, and a machine that others work on is busy: both did nothing", async () => {
    const replies = (type: string) => ({
        ReconfigVM_Task: () => taskOf("ReconfigVM_Task"),
        RetrievePropertiesEx: () => taskRead("error", taskError(type, "No.")),
    });
    const reconfiguring = async (type: string) => {
        await using host = await StandIn.start(replies(type));
        await using vim = await connectVim(host.host);
        return await failure(vim.reconfigure("vm-1", { changeVersion: "1", extra: [["a", "b"]] }, { title: "write records" }));
    };
    expect(await reconfiguring("ConcurrentAccess")).toBeInstanceOf(StalePlanError);
    expect(await reconfiguring("TaskInProgress")).toBeInstanceOf(BusyError);
});

test("nothing of a connection keeps the process alive but what is under way", async () => {
    await using host = await StandIn.start();
    const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    await using _vim = await connectVim(host.host);
    expect(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length).toBeLessThanOrEqual(before);
});
