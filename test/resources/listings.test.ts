import { Connections } from "../../provider/resources/connections";
import { Listings } from "../../provider/resources/listings";
import { SnapshotResource } from "../../provider/resources/snapshot";
import { aSnapshot } from "../support/nodes";
import { host, MemoryHost } from "./double";

const LONG = 1_000_000;

/** A host with snapshots, a resource that reads them, and how often the host was asked for a listing. */
function counted({ moment = LONG }: { readonly moment?: number } = {}) {
    const memory = new MemoryHost();
    memory.snapshots = ["a", "b", "c"].map((name) => aSnapshot({ name, contentId: name }));
    let listings = 0;
    const list = memory.hierarchy.bind(memory);
    memory.hierarchy = () => {
        listings++;
        return list();
    };
    const resource = new SnapshotResource(new Connections(() => Promise.resolve(memory), { moment }));
    const read = async (name: string) => (await resource.read("", { host, domain: "web", name, onDelete: "keepChildren", contentId: name }))?.outputs;
    return { memory, resource, read, listings: () => listings };
}

test("reads of one domain share one listing, those that come later in the same moment too", async () => {
    const { read, listings } = counted();
    await Promise.all(["a", "b", "c"].map(read));
    expect((await read("a"))?.name).toBe("a");
    expect(listings()).toBe(1);
});

test("reads that come one after the other look again where no moment was agreed", async () => {
    const { memory, read, listings } = counted({ moment: 0 });
    await Promise.all(["a", "b", "c"].map(read));
    expect(listings()).toBe(1);
    memory.tamper("a", { description: "changed" });
    expect((await read("a"))?.description).toBe("changed");
});

test("an operation never gets a listing of somebody's, and who reads after it looks again", async () => {
    const { memory, resource, read, listings } = counted();
    await read("a");
    memory.tamper("a", { description: "by somebody else" });
    const olds = { host, domain: "web", name: "a", description: "mine", contentId: "a", creationTime: 0, state: "shutoff", onDelete: "keepChildren" };
    await resource.update("", olds, olds);
    expect(memory.find("a")?.description).toBe("mine");
    expect(listings()).toBe(2);
    expect((await read("a"))?.description).toBe("mine");
    await resource.delete("", { host, domain: "web", name: "b", onDelete: "keepChildren", contentId: "b" });
    expect(await read("b")).toBeUndefined();
});

test("who reads while something is being changed looks for itself, and nobody after it gets that", async () => {
    const listings = new Listings(LONG);
    let made = 0;
    const list = () => Promise.resolve((made++, null));
    await listings.around("web", async () => {
        await listings.read("web", list);
        await listings.read("web", list);
        await listings.read("other", list);
    });
    await listings.read("web", list);
    await listings.read("other", list);
    expect(made).toBe(4);
});

test("a listing that failed is nobody's", async () => {
    const { memory, read } = counted();
    memory.contact = () => {
        throw new Error("no route");
    };
    await expect(read("a")).rejects.toThrow("no route");
    memory.contact = () => undefined;
    expect((await read("a"))?.name).toBe("a");
});
