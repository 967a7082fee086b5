import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { NotFoundError, quoted } from "../../model";
import { formatXml, newDomain, parseDomain } from "../../xml";
import { Images } from "../../disks/images";
import type { Backend, BackendFactory, ConnectOptions, DomainDocument, ManagedDomain, NewDomain } from "../backend";
import { capabilities } from "./capabilities";
import { acceptsUri, isLocal, shownUri } from "./connect-uri";
import { type Connection, LibvirtDomain } from "./domain";
import { Headers } from "./graph";
import { Virsh } from "./virsh";

class LibvirtBackend implements Backend {
    readonly capabilities = capabilities;
    private readonly connection: Connection;

    constructor(
        private readonly uri: URL,
        { password }: ConnectOptions,
    ) {
        this.connection = { virsh: new Virsh({ uri: uri.href, password }), images: new Images(), headers: new Headers(), isLocal: isLocal(uri) };
    }

    /** @throws UnreachableError */
    async reach(): Promise<void> {
        await this.connection.virsh.run(["uri"]);
    }

    async domains(): Promise<string[]> {
        return (await this.connection.virsh.run(["list", "--all", "--name"])).split("\n").filter(Boolean).sort();
    }

    /** By its name and nothing else: virsh itself takes a number or a UUID first. */
    async open(domain: string): Promise<ManagedDomain> {
        const listed = await this.connection.virsh.run(["list", "--all", "--uuid", "--name"]);
        for (const line of listed.split("\n")) {
            const [, uuid = "", name] = /^([0-9a-f-]{36})\s+(.*?)\s*$/.exec(line) ?? [];
            if (name === domain) return new LibvirtDomain(name, uuid, this.connection);
        }
        throw new NotFoundError(`there is no domain ${quoted(domain)} on ${quoted(shownUri(this.uri))}; “virsh list --all” shows what is there`);
    }

    async define(domain: NewDomain | DomainDocument): Promise<ManagedDomain> {
        const placed = "xml" in domain ? null : domain.disks.map((disk) => ({ ...disk, file: resolve(disk.file) }));
        const xml = "xml" in domain ? domain.xml : formatXml(newDomain({ name: domain.name, uuid: randomUUID(), disks: placed ?? [] }));
        await this.connection.virsh.withXml(xml, (file) => ["define", file]);
        return this.open(parseDomain(xml).name);
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await Promise.all([this.connection.virsh[Symbol.asyncDispose](), this.connection.images[Symbol.asyncDispose]()]);
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
