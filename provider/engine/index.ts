import { connectBackend } from "../backends/connect";
import type { Backend, Capabilities, ConnectOptions, NewDomain } from "../backends/backend";
import { InvalidInputError } from "../model";
import { VirtualMachine } from "./machine";

/**
 * A connection to one host.
 *
 * @example
 * ```ts
 * await using host = await connect("qemu:///embed?root=/srv/vms");
 * const vm = await host.domain("web");
 * ```
 */
export class Host implements AsyncDisposable {
    private readonly machines = new Map<string, Promise<VirtualMachine>>();

    constructor(
        readonly uri: string,
        private readonly backend: Backend,
    ) {}

    get capabilities(): Capabilities {
        return this.backend.capabilities;
    }

    /** The names of the domains on the host. */
    domains(): Promise<string[]> {
        return this.backend.domains();
    }

    /**
     * A domain; the same object for the same name, so that work on it queues up.
     *
     * @throws NotFoundError where the host is there and the domain is not; UnreachableError where the host is not.
     */
    async domain(name: string): Promise<VirtualMachine> {
        const managed = await this.backend.open(name);
        const known = this.machines.get(name) ?? Promise.resolve(new VirtualMachine(this.uri, managed));
        this.machines.set(name, known);
        return known;
    }

    /** Makes a domain of images that are there. @throws AlreadyExistsError, InvalidInputError, UnsupportedError */
    async define(domain: NewDomain): Promise<VirtualMachine> {
        await this.backend.define(domain);
        return this.domain(domain.name);
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.backend[Symbol.asyncDispose]();
    }
}

/**
 * Connects to a host, named by a libvirt-style URI (default: `SNAPTREE_HOST`).
 *
 * @throws InvalidInputError for a URI that is none or holds a password; UnreachableError where the host is not there.
 */
export async function connect(uri: string | undefined = process.env.SNAPTREE_HOST, options: ConnectOptions = {}): Promise<Host> {
    if (!uri) throw new InvalidInputError("no host is given; name one, or set SNAPTREE_HOST, for example to qemu:///embed?root=/srv/vms", "host");
    const password = options.password ?? process.env.SNAPTREE_PASSWORD;
    return new Host(uri, await connectBackend(uri, { password }));
}

export type { Capabilities, ConnectOptions, ListOptions, NewDomain } from "../backends/backend";
export * from "../model";
export { desiredOf, type DesiredTree, type TreeInputs, type TreeSnapshotInputs } from "./desired";
export { type Desired, type DesiredBranch, type DesiredSnapshot, Plan } from "../plan";
export type { CreateXMLFlags, SnapshotFilter } from "./documents";
export { VirtualMachine } from "./machine";
export type {
    ApplyOptions,
    BranchRequest,
    Command,
    CreateRequest,
    DeactivateRequest,
    DeleteRequest,
    DoctorRequest,
    Force,
    MoveRequest,
    Progress,
    RedefineRequest,
    ResetRequest,
    RevertRequest,
    RunOptions,
    UnbranchRequest,
} from "./requests";
