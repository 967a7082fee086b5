import type { Capabilities } from "../../provider/backends/backend";
import type {
    BranchRequest,
    CreateRequest,
    DeleteRequest,
    Force,
    MoveRequest,
    RedefineRequest,
    ResetRequest,
    UnbranchRequest,
} from "../../provider/engine/requests";
import { AlreadyExistsError, type Branch, type Hierarchy, NotFoundError, type Operation, type Snapshot } from "../../provider/model";
import { type Plan, planBranch, planRename, planReset, planSwitch, planUnbranch, refuseLosses } from "../../provider/plan";
import { type Connect, type Connection, Connections, type Machine } from "../../provider/resources/connections";
import { SnapshotResource } from "../../provider/resources/snapshot";
import { aBranch, aSnapshot } from "../support/nodes";

/** A host that keeps snapshots and branches in memory, refuses what the planner refuses, writes down what it was asked for, and can be changed behind the resource's back. */
export class MemoryHost implements Connection, Machine {
    readonly calls: unknown[][] = [];
    readonly capabilities: Capabilities;
    snapshots: Snapshot[] = [];
    branches: Branch[] = [];
    hasDomain = true;
    contact: () => void = () => undefined;
    private count = 0;

    constructor(capabilities: Partial<Capabilities> = {}) {
        const none = { backend: "memory", modes: [], defaultMode: null, running: false, redefine: true, rename: true, longestName: 255 };
        this.capabilities = { ...none, quiesce: false, compression: [], disks: false, define: false, branches: true, together: true, ...capabilities };
    }

    domain(): Promise<Machine> {
        return this.answer(() => {
            if (!this.hasDomain) throw new NotFoundError("there is no such domain");
            return this;
        });
    }

    hierarchy(): Promise<Hierarchy> {
        return this.answer(() => this.now());
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

    branch(name: string, request: BranchRequest): Promise<Branch> {
        return this.answer(() => {
            this.calls.push(["branch", name, request]);
            this.carryOut(planBranch(this.now(), name, request.from, request.owner));
            return this.findBranch(name) as Branch;
        });
    }

    switch(name: string, request: MoveRequest = {}): Promise<void> {
        return this.answer(() => {
            this.calls.push(["switch", name, request]);
            this.carryOut(planSwitch(this.now(), name, request), request.force);
        });
    }

    unbranch(name: string, request: UnbranchRequest = {}): Promise<void> {
        return this.answer(() => {
            this.calls.push(["unbranch", name, request]);
            this.carryOut(planUnbranch(this.now(), name, request), request.force);
        });
    }

    resetBranch(name: string, request: ResetRequest = {}): Promise<void> {
        return this.answer(() => {
            this.calls.push(["reset", name, request]);
            this.carryOut(planReset(this.now(), name, request.toFork ?? false), request.force);
        });
    }

    renameBranch(name: string, to: string): Promise<void> {
        return this.answer(() => {
            this.calls.push(["rename", name, to]);
            this.carryOut(planRename(this.now(), name, to));
        });
    }

    /** Trees are tried on real disks. */
    converge(): Promise<never> {
        throw new Error("no tree can be made here");
    }

    removeManaged(): Promise<never> {
        return this.converge();
    }

    async [Symbol.asyncDispose](): Promise<void> {
        this.calls.push(["dispose"]);
        return Promise.resolve();
    }

    find(name: string): Snapshot | undefined {
        return this.snapshots.find((snapshot) => snapshot.name === name);
    }

    findBranch(name: string): Branch | undefined {
        return this.branches.find((branch) => branch.name === name);
    }

    /** Somebody else changes a branch. */
    tamperBranch(name: string, change: Partial<Branch>): void {
        this.branches = this.branches.map((branch) => (branch.name === name ? { ...branch, ...change } : branch));
    }

    /** Somebody else changes a snapshot. */
    tamper(name: string, change: Partial<Snapshot>): void {
        this.snapshots = this.snapshots.map((snapshot) => (snapshot.name === name ? { ...snapshot, ...change } : snapshot));
    }

    private now(): Hierarchy {
        const active = this.branches.find((branch) => branch.active);
        const place = { current: active?.tip ?? null, branch: active?.name ?? null, dirty: active?.dirty ?? false };
        return { domain: "web", uuid: "", powerState: "shutoff", ...place, snapshots: [...this.snapshots], branches: [...this.branches] };
    }

    private carryOut(plan: Plan, force: Force = false): void {
        refuseLosses("this", plan, force);
        for (const operation of plan.operations) this.branches = afterwards(this.branches, operation);
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

/** The branches after one of their operations. */
function afterwards(branches: readonly Branch[], operation: Operation): Branch[] {
    const change = (facts: Partial<Branch>): Branch[] => branches.map((branch) => (branch.name === operation.name ? { ...branch, ...facts } : branch));
    switch (operation.kind) {
        case "branch":
            return [...branches, aBranch({ name: operation.name, from: operation.from, tip: operation.from })];
        case "switch":
            return branches.map((branch) => ({ ...branch, active: branch.name === operation.name }));
        case "unbranch":
            return branches.filter(({ name }) => name !== operation.name);
        case "reset":
            return change({ tip: operation.to, dirty: false });
        case "rename":
            return change({ name: operation.to });
        case "commit":
            return branches.map((branch) => (branch.name === operation.branch ? { ...branch, dirty: false } : branch));
        default:
            throw new Error(`no operation of a branch: ${operation.kind}`);
    }
}

export const host = "qemu:///embed?root=/srv/vms";

/** Connections to such a host, whatever its name. */
export function connectionsTo(memory: MemoryHost): Connections {
    const connect: Connect = () => Promise.resolve(memory);
    return new Connections(connect);
}

/** Connections that fail the test when one is opened. */
export function noConnections(): Connections {
    return new Connections(() => {
        throw new Error("a host was contacted");
    });
}

/** A Snapshot resource on such a host. */
export function resourceOn(memory: MemoryHost): SnapshotResource {
    return new SnapshotResource(connectionsTo(memory));
}

/** A Snapshot resource that fails the test when it contacts any host. */
export function resourceWithoutHosts(): SnapshotResource {
    return new SnapshotResource(noConnections());
}
