import { connectBackend } from "../backends/connect";
import type { Backend, Capabilities, ConnectOptions, DomainDocument, NewDomain } from "../backends/backend";
import { BusyError, type HierarchyExport, InvalidInputError, NotFoundError } from "../model";
import { checkExport } from "../plan";
import type { ImportOptions } from "./requests";
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

    /** Makes a domain of images that are there, or of a `<domain>` document. @throws AlreadyExistsError, InvalidInputError, UnsupportedError */
    async define(domain: NewDomain | DomainDocument): Promise<VirtualMachine> {
        const { name } = await this.backend.define(domain);
        return this.domain(name);
    }

    /**
     * Remembers here what was exported elsewhere ({@link VirtualMachine.import}). Where the host has no such domain, and can define one, it is defined from
     * the exported document first; where the import fails then, it is taken back.
     *
     * @example
     * ```ts
     * const vm = await host.import(JSON.parse(await readFile("web.json", "utf8")));
     * ```
     */
    async import(exported: HierarchyExport, options: ImportOptions = {}): Promise<VirtualMachine> {
        const { domain, xml } = checkExport(exported);
        const isNew = this.capabilities.define && !(await this.domains()).includes(domain);
        const vm = isNew ? await this.define({ xml }) : await this.domain(domain);
        try {
            await vm.import(exported, options);
        } catch (error) {
            if (isNew) await this.takeBack(domain, options);
            throw error;
        }
        return vm;
    }

    /** A domain that was just defined goes again, unless something is remembered of it already. */
    private async takeBack(name: string, { held }: ImportOptions): Promise<void> {
        try {
            const managed = await this.backend.open(name);
            await using _lock = await managed.lock({ purpose: "taking its definition back", held });
            await managed.undefine();
        } catch (error) {
            if (!(error instanceof BusyError || error instanceof NotFoundError)) throw error;
        }
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

export type { Capabilities, ConnectOptions, DomainDocument, ListOptions, NewDomain } from "../backends/backend";
export * from "../model";
export { checkTree, desiredOf, type DesiredTree, type TreeInputs, type TreeSnapshotInputs } from "./desired";
export { type Again, type Desired, type DesiredBranch, type DesiredSnapshot, Plan } from "../plan";
export type { CreateXMLFlags, SnapshotFilter } from "./documents";
export { type Destination, VirtualMachine } from "./machine";
export type {
    ApplyOptions,
    BranchRequest,
    Command,
    CreateRequest,
    DeactivateRequest,
    DeleteRequest,
    DoctorRequest,
    Force,
    ImportOptions,
    MoveRequest,
    Progress,
    RedefineRequest,
    ResetRequest,
    RevertRequest,
    RunOptions,
    UnbranchRequest,
    Wanted,
} from "./requests";
