import { randomUUID } from "node:crypto";
import { isAbsolute, resolve } from "node:path";
import { InvalidInputError, NotFoundError, quoted } from "../../model";
import { formatXml, newDomain, parseDomain } from "../../xml";
import { Images } from "../../disks/images";
import type { Backend, BackendFactory, Capabilities, ConnectOptions, DomainDocument, ManagedDomain, NewDomain } from "../backend";
import { capabilities, nativeCapabilities, testCapabilities } from "./capabilities";
import { acceptsUri, isInProcess, isLocal, shownUri } from "./connect-uri";
import { type Connection, LibvirtDomain } from "./domain";
import { Headers } from "./graph";
import { type NativeConnection, NativeDomain, type OutOfReach } from "./native-domain";
import { Pool } from "./pool";

/** Why no disks of a host's domains can be worked on; null: they are this machine's. A path that looks the same on another host may be another file. */
function outOfReach(uri: URL): OutOfReach | null {
    if (uri.protocol.startsWith("test")) return "test";
    return isLocal(uri) ? null : "remote";
}

function capabilitiesOf(reach: OutOfReach | null): Capabilities {
    if (reach === null) return capabilities;
    return reach === "test" ? testCapabilities : nativeCapabilities;
}

class LibvirtBackend implements Backend {
    readonly capabilities: Capabilities;
    private readonly pool: Pool;
    private readonly connection: Connection & NativeConnection;
    private readonly reachOut: OutOfReach | null;

    constructor(
        private readonly uri: URL,
        { password }: ConnectOptions,
    ) {
        this.pool = new Pool({ uri: uri.href, password });
        const virsh = this.pool.host;
        const address = isInProcess(uri) ? randomUUID() : uri.href;
        this.connection = { virsh, images: new Images(), headers: new Headers(), isLocal: isLocal(uri), shown: shownUri(uri), address };
        this.reachOut = outOfReach(uri);
        this.capabilities = capabilitiesOf(this.reachOut);
    }

    /** @throws UnreachableError */
    async reach(): Promise<void> {
        await this.connection.virsh.run(["uri"]);
    }

    async domains(): Promise<string[]> {
        return (await this.connection.virsh.run(["list", "--all", "--name"])).split("\n").filter(Boolean).sort();
    }

    async open(domain: string): Promise<ManagedDomain> {
        const persistent = await this.uuidOf(domain, ["--all", "--persistent"]);
        if (persistent !== null && this.reachOut === null)
            return new LibvirtDomain(domain, persistent, { ...this.connection, virsh: this.pool.of(persistent) });
        const uuid = persistent ?? (await this.uuidOf(domain, ["--transient"]));
        if (uuid !== null) return new NativeDomain(domain, uuid, this.connection, this.reachOut ?? "transient");
        throw new NotFoundError(`there is no domain ${quoted(domain)} on ${quoted(shownUri(this.uri))}; “virsh list --all” shows what is there`);
    }

    /** By its name and nothing else: virsh itself takes a number or a UUID first. */
    private async uuidOf(domain: string, which: readonly string[]): Promise<string | null> {
        const listed = await this.connection.virsh.run(["list", ...which, "--uuid", "--name"]);
        for (const line of listed.split("\n")) {
            const [, uuid, name] = /^([0-9a-f-]{36})\s+(.*?)\s*$/.exec(line) ?? [];
            if (uuid !== undefined && name === domain) return uuid;
        }
        return null;
    }

    async define(domain: NewDomain | DomainDocument): Promise<ManagedDomain> {
        const placed = "xml" in domain ? null : domain.disks.map((disk) => ({ ...disk, file: this.placed(disk.file) }));
        const xml = "xml" in domain ? domain.xml : formatXml(newDomain({ name: domain.name, uuid: randomUUID(), disks: placed ?? [] }));
        await this.connection.virsh.withXml(xml, (file) => ["define", file]);
        return this.open(parseDomain(xml).name);
    }

    /** Only on this machine is there a folder that a path could be relative to. */
    private placed(file: string): string {
        if (this.reachOut !== "remote") return resolve(file);
        if (isAbsolute(file)) return file;
        throw new InvalidInputError(`${quoted(file)} is no absolute path on ${quoted(shownUri(this.uri))}; name the file as that host has it`, "disks");
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await Promise.all([this.pool[Symbol.asyncDispose](), this.connection.images[Symbol.asyncDispose]()]);
    }
}

/** Every URI of libvirt's QEMU and test drivers but the embedded one. */
export const libvirt: BackendFactory = {
    accepts: acceptsUri,
    connect: async (uri, options) => {
        const backend = new LibvirtBackend(uri, options);
        try {
            await backend.reach();
            return backend;
        } catch (error) {
            await backend[Symbol.asyncDispose]();
            throw error;
        }
    },
};
