import { Connections } from "../../provider/resources/connections";
import { MemoryHost } from "./double";

test("operations that run at once share a connection; another password or host has its own", async () => {
    const opened: unknown[][] = [];
    const connections = new Connections((...wanted) => {
        opened.push(wanted);
        return Promise.resolve(new MemoryHost());
    });
    const [one, same, other, elsewhere] = await Promise.all([
        connections.to("esx://a/", "p"),
        connections.to("esx://a/", "p"),
        connections.to("esx://a/"),
        connections.to("esx://b/", "p"),
    ]);
    expect(same).toBe(one);
    expect(new Set([one, other, elsewhere]).size).toBe(3);
    expect(opened).toEqual([
        ["esx://a/", { password: "p" }],
        ["esx://a/", {}],
        ["esx://b/", { password: "p" }],
    ]);
});

test("a host that could not be reached is tried again the next time", async () => {
    const answers = [() => Promise.reject(new Error("no route")), () => Promise.resolve(new MemoryHost())];
    const connections = new Connections(() => (answers.shift() ?? fail)());
    await expect(connections.to("esx://a/")).rejects.toThrow("no route");
    await expect(connections.to("esx://a/")).resolves.toBeInstanceOf(MemoryHost);
});

test("closing closes every connection, whatever happens to one of them, and only once", async () => {
    const hosts = [new MemoryHost(), new MemoryHost()] as const;
    hosts[0][Symbol.asyncDispose] = () => Promise.reject(new Error("stuck"));
    const waiting = [...hosts];
    const connections = new Connections(() => Promise.resolve(waiting.shift() ?? fail()));
    await connections.to("esx://a/");
    await connections.to("esx://b/");
    await connections.close();
    await connections.close();
    expect(hosts[1].calls).toEqual([["dispose"]]);
});

function fail(): never {
    throw new Error("too many connections");
}
