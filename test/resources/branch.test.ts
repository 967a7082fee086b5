import { AlreadyExistsError, BusyError, DataLossError, NotFoundError, UnreachableError, UnsupportedError } from "../../provider/model";
import { BranchResource } from "../../provider/resources/branch";
import type { Properties } from "../../provider/resources/unknown";
import { aSnapshot } from "../support/nodes";
import { MemoryHost, connectionsTo, host } from "./double";

let memory: MemoryHost;
const resource = () => new BranchResource(connectionsTo(memory));
const inputs = { host, domain: "web", name: "case", from: "base", fromId: `${host}#web/base`, fromContentId: "c1", onDelete: "discard" };
const id = `${host}#web/case`;

beforeEach(() => {
    delete process.env.SNAPTREE_FORCE;
    memory = new MemoryHost();
    memory.snapshots = [aSnapshot({ name: "root", contentId: "c0" }), aSnapshot({ name: "base", parent: "root", contentId: "c1" })];
});
afterEach(() => {
    delete process.env.SNAPTREE_FORCE;
});

/** Forks a branch; what is asked for from then on is written down. */
async function forked(more: Properties = {}): Promise<Properties> {
    const { outputs } = await resource().create({ ...inputs, ...more });
    memory.calls.length = 0;
    return outputs;
}

async function refreshed(outputs: Properties): Promise<Properties> {
    const found = await resource().read(id, outputs);
    if (!found) throw new Error("it is gone");
    return found.outputs;
}

const verbs = () => memory.calls.map(([verb]) => verb);

describe("create", () => {
    test("forks, leaves the domain where it is, and returns an id that names the place", async () => {
        expect(await resource().create({ ...inputs, __provider: "code" })).toEqual({ id, outputs: { ...inputs, active: false } });
        expect(memory.calls).toEqual([["branch", "case", { from: "base" }]]);
    });

    test("goes over to an active one, as the program says", async () => {
        const move = { powerState: "shutoff", leave: "shutdown" };
        const { outputs } = await resource().create({ ...inputs, ...move, active: true, force: ["memory"] });
        expect(memory.calls).toEqual([
            ["branch", "case", { from: "base" }],
            ["switch", "case", { ...move, force: ["memory"] }],
        ]);
        expect(outputs.active).toBe(true);
    });

    test("leaves nothing behind where the domain can't go over to it", async () => {
        memory.switch = () => Promise.reject(new BusyError("the image is in use"));
        await expect(resource().create({ ...inputs, active: true })).rejects.toThrow(BusyError);
        expect(memory.branches).toEqual([]);
        expect(memory.calls.at(-1)).toEqual(["unbranch", "case", { active: "leave" }]);
    });

    test("names what is left behind where that can't be removed either", async () => {
        memory.switch = () => Promise.reject(new BusyError("the image is in use"));
        memory.unbranch = () => Promise.reject(new UnreachableError("no route"));
        await expect(resource().create({ ...inputs, active: true })).rejects.toThrow(/^the image is in use; branch "case" of domain "web".*\(no route\)/);
    });

    test("asks for a power state only where the host can give it, before anything is forked", async () => {
        await expect(resource().create({ ...inputs, powerState: "running" })).rejects.toThrow(UnsupportedError);
        expect(memory.calls).toEqual([]);
        memory = new MemoryHost({ running: true });
        memory.snapshots = [aSnapshot({ name: "base" })];
        await resource().create({ ...inputs, powerState: "paused", active: true });
        expect(memory.calls.at(-1)).toEqual(["switch", "case", { powerState: "paused", force: false }]);
    });

    test("passes on why the host refused", async () => {
        await resource().create(inputs);
        await expect(resource().create(inputs)).rejects.toThrow(AlreadyExistsError);
        await expect(resource().create({ ...inputs, name: "other", from: "nothing" })).rejects.toThrow(NotFoundError);
    });
});

describe("read", () => {
    test("finds nothing changed after a create", async () => {
        const outputs = await forked({ active: true });
        expect(await resource().read(id, { ...outputs, __provider: "code" })).toEqual({ id, outputs });
    });

    test("says that a branch is gone, and one whose domain is", async () => {
        const outputs = await forked();
        memory.branches = [];
        expect(await resource().read(id, outputs)).toBeNull();
        memory.hasDomain = false;
        expect(await resource().read(id, outputs)).toBeNull();
    });

    test("never takes an unreachable host for a missing branch", async () => {
        const outputs = await forked();
        memory.contact = () => {
            throw new UnreachableError("no route");
        };
        await expect(resource().read(id, outputs)).rejects.toThrow(UnreachableError);
    });

    test("shows that somebody moved the domain elsewhere, and an update moves it back", async () => {
        const outputs = await forked({ active: true });
        memory.tamperBranch("case", { active: false });
        const now = await refreshed(outputs);
        expect(now).toEqual({ ...outputs, active: false });
        expect(await resource().diff(id, now, { ...inputs, active: true })).toMatchObject({ changes: true, replaces: [] });
        await resource().update(id, now, { ...inputs, active: true });
        expect(memory.findBranch("case")?.active).toBe(true);
    });

    test("takes a renamed snapshot for the same fork", async () => {
        const outputs = await forked();
        memory.tamper("base", { name: "base2" });
        memory.tamperBranch("case", { from: "base2", tip: "base2" });
        expect(await refreshed(outputs)).toEqual({ ...outputs, from: "base2" });
    });

    test("shows where a fork moved to, and remembers what was declared until it is back", async () => {
        const outputs = await forked();
        memory.tamperBranch("case", { from: "root" });
        const drifted = await refreshed(outputs);
        expect(drifted).toEqual({ ...outputs, from: "root", __drift: { from: "base" } });
        expect(await refreshed(drifted)).toEqual(drifted);
        memory.tamperBranch("case", { from: "base" });
        expect(await refreshed(drifted)).toEqual(outputs);
        memory.tamperBranch("case", { from: null });
        expect(await refreshed(outputs)).toMatchObject({ from: "", __drift: { from: "base" } });
    });

    test("imports by id, with inputs that change nothing", async () => {
        await forked({ active: true });
        const imported = await resource().read(id);
        expect(imported?.inputs).toEqual({ host, domain: "web", name: "case", from: "base", onDelete: "discard" });
        expect(imported?.outputs.active).toBe(true);
        expect(await resource().diff(id, imported?.outputs ?? {}, imported?.inputs ?? {})).toMatchObject({ changes: false });
    });
});

describe("update", () => {
    const update = async (change: Properties, outputs?: Properties) => {
        const before = outputs ?? (await forked());
        return (await resource().update(id, before, { ...inputs, ...change })).outputs;
    };

    test("goes over to a branch that is to be active, once", async () => {
        const after = await update({ active: true });
        expect(after).toEqual({ ...inputs, active: true });
        expect(memory.calls).toEqual([["switch", "case", { force: false }]]);
        await update({ active: true, leave: "shutdown" }, after);
        expect(verbs()).toEqual(["switch"]);
    });

    test("never acts for a branch that is not called active, and says where the domain is", async () => {
        const before = await forked({ active: true });
        expect(await update({ active: false, leave: "shutdown" }, before)).toMatchObject({ active: true });
        expect(await update({ leave: "shutdown" }, before)).toMatchObject({ active: true });
        expect(memory.calls).toEqual([]);
    });

    test("of a branch that the domain leaves says so, whichever of the two comes first", async () => {
        for (const order of [
            ["case", "next"],
            ["next", "case"],
        ]) {
            memory.branches = [];
            const left = await forked({ active: true });
            const entered = await forked({ name: "next" });
            const steps: Record<string, () => Promise<Properties>> = {
                case: () => update({ activeElsewhere: true }, left),
                next: () => update({ name: "next", active: true }, entered),
            };
            const after: Record<string, Properties> = {};
            for (const name of order) after[name] = await steps[name]!();
            expect(after.case).toMatchObject({ active: false });
            expect(after.next).toMatchObject({ active: true });
            for (const outputs of Object.values(after)) expect(await refreshed(outputs)).toEqual(outputs);
        }
    });

    test("renames in place", async () => {
        expect(await update({ name: "case-42" })).toMatchObject({ name: "case-42" });
        expect(memory.calls).toEqual([["rename", "case", "case-42"]]);
    });

    test("goes on where it was interrupted after a rename", async () => {
        const before = await forked();
        memory.tamperBranch("case", { name: "case-42" });
        expect(await update({ name: "case-42", active: true }, before)).toMatchObject({ name: "case-42", active: true });
        expect(verbs()).toEqual(["switch"]);
    });

    test.each([{ force: true }, { leave: "shutdown" }, { onDelete: "commit" }, { password: "new" }, { powerState: "shutoff" }])(
        "stores %j and does nothing on the host",
        async (change) => {
            expect(await update(change)).toMatchObject(change);
            expect(memory.calls).toEqual([]);
        },
    );

    test("resets to the fork when resetOn changes, and only then", async () => {
        const before = await forked({ resetOn: { case: 1 } });
        await update({ resetOn: { case: 1 }, leave: "shutdown" }, before);
        expect(memory.calls).toEqual([]);
        await update({ resetOn: { case: 2 } }, before);
        expect(memory.calls).toEqual([["reset", "case", { toFork: true, force: false }]]);
    });

    test("resets what holds something only where that loss is accepted", async () => {
        const before = await forked();
        memory.tamperBranch("case", { dirty: true });
        await expect(update({ resetOn: 2 }, before)).rejects.toThrow(DataLossError);
        await update({ resetOn: 2, force: ["branch:case"] }, before);
        expect(memory.findBranch("case")?.dirty).toBe(false);
    });

    test("refuses a power state that the host can't give, before anything else", async () => {
        const before = await forked();
        await expect(update({ resetOn: 2, powerState: "running" }, before)).rejects.toThrow(UnsupportedError);
        expect(memory.calls).toEqual([]);
    });

    test("refuses to go on after the fork moved, and says what to do; also without a refresh", async () => {
        const before = await forked();
        memory.tamperBranch("case", { from: "root" });
        const sentence = /^branch "case" of domain "web" forks from "root" now and not from "base".*let the program say so, or set “force”/;
        await expect(update({ active: true }, before)).rejects.toThrow(sentence);
        await expect(update({ active: true }, await refreshed(before))).rejects.toThrow(sentence);
        expect(memory.calls).toEqual([]);
    });

    test("accepts a fork that moved to where the program says now", async () => {
        const before = await forked();
        memory.tamperBranch("case", { from: "root" });
        const said = { from: "root", fromId: `${host}#web/root`, fromContentId: "c0" };
        const after = await update(said, await refreshed(before));
        expect(after).toEqual({ ...inputs, ...said, active: false });
        expect(await refreshed(after)).toEqual(after);
    });

    test("says what to do about a branch that is gone", async () => {
        const before = await forked();
        memory.branches = [];
        await expect(update({ active: true }, before)).rejects.toThrow(/is not there any more; run “pulumi refresh”/);
    });
});

describe("delete", () => {
    const remove = (outputs: Properties) => resource().delete(id, outputs);

    test("removes a branch that holds nothing, also where the domain is on it", async () => {
        await remove(await forked({ active: true }));
        expect(memory.calls).toEqual([["unbranch", "case", { commit: false, active: "leave", force: false }]]);
        expect(memory.branches).toEqual([]);
    });

    test("refuses to lose what was written, until that is accepted", async () => {
        const outputs = await forked();
        memory.tamperBranch("case", { dirty: true });
        await expect(remove(outputs)).rejects.toThrow(/would lose branch:case/);
        await expect(remove({ ...outputs, force: ["branch:other"] })).rejects.toThrow(DataLossError);
        process.env.SNAPTREE_FORCE = "1";
        await remove(outputs);
        expect(memory.branches).toEqual([]);
    });

    test("commits what was written where the program says so", async () => {
        const outputs = await forked({ onDelete: "commit" });
        memory.tamperBranch("case", { dirty: true });
        await remove(outputs);
        expect(memory.calls).toEqual([["unbranch", "case", { commit: true, active: "leave", force: false }]]);
    });

    test("of what is gone succeeds, but of what can't be reached does not", async () => {
        const outputs = await forked();
        memory.branches = [];
        await remove(outputs);
        memory.hasDomain = false;
        await remove(outputs);
        memory.contact = () => {
            throw new UnreachableError("no route");
        };
        await expect(remove(outputs)).rejects.toThrow(UnreachableError);
    });
});
