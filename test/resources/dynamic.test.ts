import { EventEmitter } from "node:events";
import { adapt } from "../../provider/dynamic/adapter";
import { Lifetime } from "../../provider/dynamic/lifetime";
import { printProgress } from "../../provider/dynamic/progress";
import { DataLossError } from "../../provider/model";
import { MemoryHost, host, resourceOn } from "./double";

const inputs = { host, domain: "web", name: "base", onDelete: "keepChildren" };

describe("what Pulumi calls", () => {
    let memory: MemoryHost;
    const provider = () => adapt(resourceOn(memory));
    beforeEach(() => {
        memory = new MemoryHost();
    });

    test("goes through a life: check, create, diff, read, update, delete", async () => {
        const { check, create, diff, read, update, delete: remove } = provider();
        const checked = await check?.({}, { ...inputs, onDelete: undefined, __provider: "code" });
        expect(checked).toEqual({ inputs, failures: [] });
        const { id, outs = {} } = await create(inputs);
        expect(await diff?.(id, outs, inputs)).toEqual({ changes: false, replaces: [], deleteBeforeReplace: false, stables: ["host", "domain", "contentId"] });
        expect(await read?.(id, outs)).toEqual({ id, props: outs });
        expect(await update?.(id, outs, { ...inputs, description: "d" })).toEqual({ outs: { ...outs, description: "d" } });
        await remove?.(id, outs);
        expect(await read?.(id, outs)).toEqual({ id: "", props: {} });
    });

    test("names no property in a failure, since Pulumi would print its value, but says in the reason which it is", async () => {
        const { failures } = (await provider().check?.({}, { ...inputs, host: "esx://root:hunter2@esx/", halt: "yes" })) ?? {};
        expect(failures?.map(({ property }) => property)).toEqual(["", ""]);
        expect(failures?.map(({ reason }) => reason)).toEqual([
            expect.stringMatching(/^InvalidInputError: halt takes/),
            expect.stringMatching(/^InvalidInputError: host has a password in it/),
        ]);
    });

    test("warns in a preview of drift at which the update will fail", async () => {
        const warn = jest.spyOn(console, "warn").mockImplementation(() => undefined);
        await provider().diff?.("id", { ...inputs, __drift: { parent: "a" } }, { ...inputs, parent: "a" });
        expect(warn.mock.calls).toEqual([[expect.stringMatching(/^warning: snapshot "base" of domain "web" stands without a parent now and not on "a"/)]]);
        warn.mockRestore();
    });

    test("shows an error as one sentence with its class in front, and no stack", async () => {
        memory.create = () => Promise.reject(new DataLossError("taking it", ["tip"]));
        const error = await provider()
            .create(inputs)
            .catch((caught: unknown) => caught as Error);
        expect(`${String(error)}: ${(error as Error).stack}`).toBe(
            "DataLossError: taking it would lose tip; nothing was done. Keep it first, or accept the loss with force: ",
        );
    });

    test("leaves an error that nobody foresaw as it is", async () => {
        const bug = new TypeError("undefined is not a function");
        memory.create = () => Promise.reject(bug);
        await expect(provider().create(inputs)).rejects.toBe(bug);
    });
});

test("lines of a command's output say whose they are; what Pulumi shows itself is not repeated", () => {
    const log = jest.spyOn(console, "log").mockImplementation(() => undefined);
    printProgress({ domain: "web", name: "nginx" }, { kind: "output", message: "installing" });
    printProgress({ domain: "web", name: "nginx" }, { kind: "step", message: "freezing" });
    printProgress({ domain: "web" }, { kind: "wait", message: "waiting for somebody" });
    expect(log.mock.calls).toEqual([["web/nginx: installing"], ["web: waiting for somebody"]]);
    log.mockRestore();
});

describe("the end of the process", () => {
    /** A process that can be told to end, and says how it did. */
    class Ending extends EventEmitter {
        exit: (code: number) => void = () => undefined;
        readonly ended = new Promise<number>((resolve) => {
            this.exit = resolve;
        });
    }

    test("stops what is under way, waits for it, closes the connections, and ends", async () => {
        const events: string[] = [];
        const lifetime = new Lifetime(async () => {
            events.push("closed");
            return Promise.resolve();
        });
        const ending = new Ending();
        lifetime.endWith(ending as unknown as NodeJS.Process);
        const operation = lifetime.run(
            () =>
                new Promise((_, reject) => {
                    lifetime.signal.addEventListener("abort", () => {
                        events.push("undone");
                        reject(new Error("stopped"));
                    });
                }),
        );
        operation.catch(() => undefined);
        ending.emit("SIGINT");
        expect(await ending.ended).toBe(130);
        expect(events).toEqual(["undone", "closed"]);
        await expect(operation).rejects.toThrow("stopped");
        expect(ending.listenerCount("SIGINT")).toBe(0);
    });

    test("does not wait for ever", async () => {
        jest.useFakeTimers();
        const lifetime = new Lifetime(() => Promise.resolve());
        const ending = new Ending();
        lifetime.endWith(ending as unknown as NodeJS.Process);
        void lifetime.run(() => new Promise(() => undefined));
        ending.emit("SIGTERM");
        await jest.advanceTimersByTimeAsync(4000);
        expect(await ending.ended).toBe(143);
        jest.useRealTimers();
    });
});
