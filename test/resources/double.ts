import type { Capabilities } from "../../provider/backends/backend";
import type { CreateRequest, DeleteRequest, RedefineRequest } from "../../provider/engine/requests";
import { AlreadyExistsError, type Hierarchy, NotFoundError, type Snapshot } from "../../provider/model";
import { type Connect, type Connection, Connections, type Machine } from "../../provider/resources/connections";
import { SnapshotResource } from "../../provider/resources/snapshot";
import { aSnapshot } from "../support/nodes";

/** A host that keeps snapshots in memory, writes down what it was asked for, and can be changed behind the resource's back. */
export class MemoryHost implements Connection, Machine {
    readonly calls: unknown[][] = [];
    readonly capabilities: Capabilities;
    snapshots: Snapshot[] = [];
    hasDomain = true;
    contact: () => void = () => undefined;
    private count = 0;

    constructor(capabilities: Partial<Capabilities> = {}) {
        const none = { backend: "memory", modes: [], defaultMode: null, running: false, redefine: true, rename: true };
        this.capabilities = { ...none, quiesce: false, compression: [], disks: false, define: false, ...capabilities };
    }

    domain(): Promise<Machine> {
        return this.answer(() => {
            if (!this.hasDomain) throw new NotFoundError("there is no such domain");
            return this;
        });
    }

    hierarchy(): Promise<Hierarchy> {
        const { snapshots } = this;
        return this.answer(() => ({
            domain: "web",
            uuid: "",
            powerState: "shutoff",
            current: null,
            branch: null,
            dirty: false,
            snapshots: [...snapshots],
            branches: [],
        }));
    }

    create(request: CreateRequest): Promise<Snapshot> {
        return this.answer(() => {
            this.calls.push(["create", request]);
            if (this.find(request.name ?? "")) throw new AlreadyExistsError(`snapshot "${request.name ?? ""}" exists`);
            const snapshot = this.make(request);
            if (!request.noMetadata) this.snapshots.push(snapshot);
            return snapshot;
        });
    }

    redefine(request: RedefineRequest): Promise<void> {
        return this.answer(() => {
            this.calls.push(["redefine", request]);
            const { name, rename = name, description, creationTime } = request;
            const old = this.find(name) ?? this.make({ name });
            const altered = {
                ...old,
                name: rename,
                ...(description === undefined ? {} : { description }),
                ...(creationTime === undefined ? {} : { creationTime }),
            };
            const children = (other: Snapshot) => (other.parent === name ? { ...other, parent: rename } : other);
            this.snapshots = [...this.snapshots.filter((other) => other.name !== name).map(children), altered];
        });
    }

    delete(name: string, request: DeleteRequest = {}): Promise<void> {
        return this.answer(() => {
            this.calls.push(["delete", name, request]);
            if (!this.find(name)) throw new NotFoundError("no such snapshot");
            this.snapshots = this.snapshots.filter((other) => other.name !== name);
        });
    }

    async [Symbol.asyncDispose](): Promise<void> {
        this.calls.push(["dispose"]);
        return Promise.resolve();
    }

    find(name: string): Snapshot | undefined {
        return this.snapshots.find((snapshot) => snapshot.name === name);
    }

    /** Somebody else changes a snapshot. */
    tamper(name: string, change: Partial<Snapshot>): void {
        this.snapshots = this.snapshots.map((snapshot) => (snapshot.name === name ? { ...snapshot, ...change } : snapshot));
    }

    private make({ name = "", parent = null, description }: CreateRequest): Snapshot {
        const number = ++this.count;
        const facts = { name, parent, description: description ?? null, creationTime: 1000 + number, contentId: `content-${number}` };
        return aSnapshot({ ...facts, mode: null, made: true });
    }

    private async answer<T>(give: () => T): Promise<T> {
        await Promise.resolve();
        this.contact();
        return give();
    }
}

export const host = "qemu:///embed?root=/srv/vms";

/** A Snapshot resource on such a host. */
export function resourceOn(memory: MemoryHost): SnapshotResource {
    const connect: Connect = () => Promise.resolve(memory);
    return new SnapshotResource(new Connections(connect));
}

/** A resource that fails the test when it contacts any host. */
export function resourceWithoutHosts(): SnapshotResource {
    return new SnapshotResource(
        new Connections(() => {
            throw new Error("a host was contacted");
        }),
    );
}
