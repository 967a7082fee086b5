import type { Capabilities, VirtualMachine } from "../engine";
import { Listings } from "./listings";

/** What resources ask of a virtual machine; the engine's VirtualMachine is one. */
export type Machine = Pick<
    VirtualMachine,
    "hierarchy" | "converge" | "removeManaged" | "create" | "redefine" | "delete" | "branch" | "switch" | "unbranch" | "resetBranch" | "renameBranch"
>;

/** What resources ask of a connection to a host; the engine's Host is one. */
export interface Connection extends AsyncDisposable {
    readonly capabilities: Capabilities;
    /** @throws NotFoundError where the host is there and the domain is not; UnreachableError where the host is not. */
    domain(name: string): Promise<Machine>;
}

/** Opens a connection; the engine's `connect` is one. */
export type Connect = (uri: string, options?: { password?: string }) => Promise<Connection>;

/** Connections by host and password, opened when first needed and shared by everything that runs at the same time, until they are closed. */
export class Connections {
    private readonly open = new Map<string, Promise<Connection>>();
    readonly listings: Listings;

    /** @param moment of {@link Listings}; for a process that lives as long as one run of Pulumi, some seconds. Default: 0 */
    constructor(
        private readonly connect: Connect,
        { moment = 0 }: { readonly moment?: number } = {},
    ) {
        this.listings = new Listings(moment);
    }

    to(host: string, password?: string): Promise<Connection> {
        const key = JSON.stringify([host, password]);
        const known = this.open.get(key);
        if (known) return known;
        const connection = this.connect(host, password === undefined ? {} : { password });
        this.open.set(key, connection);
        // A host that could not be reached may be there the next time.
        connection.catch(() => this.open.delete(key));
        return connection;
    }

    /** Closes all of them; one that can't be closed does not hold up the others. */
    async close(): Promise<void> {
        const all = [...this.open.values()];
        this.open.clear();
        await Promise.allSettled(all.map(async (connection) => (await connection)[Symbol.asyncDispose]()));
    }
}
