import { type JournalEntry, type ManagedDomain, type Step, type Transaction } from "../../provider/backends/backend";
import { HostError, type Progress, SnaptreeError } from "../../provider/engine";
import { execute, recover } from "../../provider/engine/transaction";

/** A domain that only writes down what is asked of it, and fails where it is told to. */
class Noting {
    readonly did: string[] = [];
    journal: JournalEntry | null = null;
    isCommitted = false;
    constructor(private readonly fails: Readonly<Record<string, string>> = {}) {}

    private note<T = void>(what: string, then: () => T): Promise<T> {
        this.did.push(what);
        const message = this.fails[what];
        return message === undefined ? Promise.resolve(then()) : Promise.reject(new HostError(message));
    }
    perform(step: Step): Promise<void> {
        return this.note(`perform ${step.kind}`, () => undefined);
    }
    undo(step: Step): Promise<void> {
        return this.note(`undo ${step.kind}`, () => undefined);
    }
    commit(): Promise<void> {
        if (this.fails.commit === "after all") this.isCommitted = true;
        return this.note("commit", () => void (this.isCommitted = true));
    }
    committed(): Promise<boolean> {
        return Promise.resolve(this.isCommitted);
    }
    readJournal(): Promise<JournalEntry | null> {
        return Promise.resolve(this.journal);
    }
    writeJournal(entry: JournalEntry): Promise<void> {
        return this.note("journal", () => void (this.journal = entry));
    }
    clearJournal(): Promise<void> {
        return this.note("clear", () => void (this.journal = null));
    }
}

const steps = (...kinds: string[]) => kinds.map((kind) => ({ kind }));
const transaction: Transaction = {
    title: "create x",
    generation: 1,
    prepare: steps("a", "b", "c"),
    finish: steps("d", "e"),
    next: { secret: "not for the journal" },
};

async function run(domain: Noting, rest: { signal?: AbortSignal } = {}): Promise<{ error: Error | null; progress: Progress[] }> {
    const progress: Progress[] = [];
    const error = await execute(domain as unknown as ManagedDomain, transaction, { signal: undefined, ...rest, onProgress: (p) => progress.push(p) }).then(
        () => null,
        (e: unknown) => e as Error,
    );
    return { error, progress };
}

describe("a transaction", () => {
    test("is in the journal before its first step, and out of it after its last", async () => {
        const domain = new Noting();
        expect((await run(domain)).error).toBeNull();
        expect(domain.did).toEqual(["journal", "perform a", "perform b", "perform c", "commit", "perform d", "perform e", "clear"]);
    });

    test("keeps out of the journal what only the commit stores", async () => {
        const domain = new Noting({ "perform a": "stop", "undo a": "stop" });
        await run(domain);
        expect(JSON.stringify(domain.journal)).not.toContain("not for the journal");
    });

    test("says how far it is, from 0 to 1", async () => {
        const fractions = (await run(new Noting())).progress.flatMap(({ fraction }) => fraction ?? []);
        expect(fractions).toEqual([0, 0.2, 0.4, 0.6, 0.8]);
    });

    test("whose preparation fails is taken back, the last step first, and fails with its own error", async () => {
        const domain = new Noting({ "perform b": "b is impossible" });
        expect((await run(domain)).error).toEqual(new HostError("b is impossible"));
        expect(domain.did).toEqual(["journal", "perform a", "perform b", "undo b", "undo a", "clear"]);
        expect(domain.journal).toBeNull();
    });

    test("whose commit fails is taken back whole", async () => {
        const domain = new Noting({ commit: "no room" });
        expect((await run(domain)).error).toEqual(new HostError("no room"));
        expect(domain.did.slice(4)).toEqual(["commit", "undo c", "undo b", "undo a", "clear"]);
    });

    test("whose commit failed only to answer is finished", async () => {
        const domain = new Noting({ commit: "after all" });
        expect((await run(domain)).error).toBeNull();
        expect(domain.did.slice(4)).toEqual(["commit", "perform d", "perform e", "clear"]);
    });

    test("that can't be taken back keeps its journal, and says both what failed and what to do", async () => {
        const domain = new Noting({ "perform c": "c is impossible", "undo b": "b is stuck" });
        const { error } = await run(domain);
        expect(error).toBeInstanceOf(SnaptreeError);
        expect(error?.message).toBe(
            "c is impossible; taking back what was begun failed too (b is stuck); nothing is lost: see to that, and the next run takes it back first",
        );
        expect(domain.journal).toMatchObject({ title: "create x" });
        expect(domain.did).not.toContain("clear");
    });

    test("that can't be finished keeps its journal, and says that it is decided", async () => {
        const domain = new Noting({ "perform e": "e is impossible" });
        const { error } = await run(domain);
        expect(error?.message).toBe("create x is decided but not finished: e is impossible; nothing is lost, and the next run goes on with it");
        expect(domain.journal).not.toBeNull();
    });

    test("is stopped between two steps, and taken back", async () => {
        const stop = new AbortController();
        const domain = new Noting();
        const perform = domain.perform.bind(domain);
        domain.perform = (step) => perform(step).then(() => stop.abort(new Error("enough")));
        expect((await run(domain, { signal: stop.signal })).error).toEqual(new Error("enough"));
        expect(domain.did).toEqual(["journal", "perform a", "undo b", "undo a", "clear"]);
    });

    test("is not stopped any more once it is committed", async () => {
        const stop = new AbortController();
        const domain = new Noting();
        const commit = domain.commit.bind(domain);
        domain.commit = () => commit().then(() => stop.abort(new Error("too late")));
        expect((await run(domain, { signal: stop.signal })).error).toBeNull();
        expect(domain.did.at(-1)).toBe("clear");
    });
});

describe("an interrupted transaction", () => {
    const { next: _, ...entry } = transaction;
    async function recovered(domain: Noting): Promise<{ error: Error | null; said: string[] }> {
        const said: string[] = [];
        const error = await recover(domain as unknown as ManagedDomain, {
            signal: undefined,
            onProgress: (p) => p.kind === "recover" && said.push(p.message),
        }).then(
            () => null,
            (e: unknown) => e as Error,
        );
        return { error, said };
    }
    const interrupted = (isCommitted: boolean, fails = {}) => Object.assign(new Noting(fails), { journal: entry, isCommitted });

    test("that is none costs nothing and says nothing", async () => {
        const domain = new Noting();
        expect(await recovered(domain)).toEqual({ error: null, said: [] });
        expect(domain.did).toEqual([]);
    });

    test("is taken back before its commit, and says so", async () => {
        const domain = interrupted(false);
        expect(await recovered(domain)).toEqual({ error: null, said: ["an earlier run was interrupted in “create x”; taking it back"] });
        expect(domain.did).toEqual(["undo c", "undo b", "undo a", "clear"]);
    });

    test("is finished after its commit, and says so", async () => {
        const domain = interrupted(true);
        expect(await recovered(domain)).toEqual({ error: null, said: ["an earlier run was interrupted in “create x”; finishing it"] });
        expect(domain.did).toEqual(["perform d", "perform e", "clear"]);
    });

    test("that can be neither keeps its journal, lets nothing else begin and says what to do", async () => {
        const stuck = interrupted(false, { "undo b": "b is stuck" });
        expect((await recovered(stuck)).error?.message).toBe(
            "an earlier run was interrupted in “create x”, and taking it back failed: b is stuck; nothing else was begun: see to that and run again",
        );
        expect(stuck.journal).not.toBeNull();
        const unfinished = interrupted(true, { "perform d": "d is stuck" });
        expect((await recovered(unfinished)).error?.message).toMatch(
            /^create x is decided but not finished: d is stuck; nothing is lost, and the next run goes on with it$/,
        );
        expect(unfinished.journal).not.toBeNull();
    });
});
