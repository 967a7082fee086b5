import { randomUUID } from "node:crypto";
import { realpath } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { AlreadyExistsError, HostError, InvalidInputError, quoted } from "../../model";
import { formatXml, newDomain, parseDomain, parseXml, type XmlElement } from "../../xml";
import type { Backend, BackendFactory, DomainDocument, ManagedDomain, NewDomain } from "../backend";
import { capabilities } from "./capabilities";
import { QemuDomain } from "./domain";
import { createFile, isThere } from "../../disks/files";
import { domainNames, type Folder, newFolder, openFolder, unreachable } from "./folder";
import { Images } from "../../disks/images";

/** A domain that is about to be defined. */
interface Definition {
    readonly name: string;
    readonly document: XmlElement;
}

class QemuBackend implements Backend {
    readonly capabilities = capabilities;
    private readonly images = new Images();

    constructor(private readonly root: string) {}

    domains(): Promise<string[]> {
        return domainNames(this.root);
    }

    async open(domain: string): Promise<ManagedDomain> {
        return new QemuDomain(domain, await openFolder(this.root, domain), this.root, this.images);
    }

    async define(domain: NewDomain | DomainDocument): Promise<ManagedDomain> {
        const { name, document } = await ("xml" in domain ? this.given(domain.xml) : this.made(domain));
        const folder = await newFolder(this.root, name);
        if (!(await isThere(folder.domainFile))) await refuseRecords(folder, document);
        try {
            await createFile(folder.domainFile, formatXml(document));
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
            throw new AlreadyExistsError(`there is a domain ${quoted(name)} already under ${quoted(this.root)}; choose another name`);
        }
        return this.open(name);
    }

    private async made({ name, disks }: NewDomain): Promise<Definition> {
        if (disks.length === 0) throw new InvalidInputError("a domain needs at least one disk: --disk vda=FILE", "disks");
        const placed = disks.map((disk) => ({ ...disk, file: resolve(disk.file) }));
        for (const disk of placed) await this.checkImage(disk);
        return { name, document: newDomain({ name, uuid: randomUUID(), disks: placed }) };
    }

    /** Two domains of one UUID would be one and the same to whatever goes by that. */
    private async given(xml: string): Promise<Definition> {
        const document = parseXml(xml, "the domain's XML");
        const { name, uuid, disks } = parseDomain(document);
        for (const { target, file, format, device } of disks)
            if (file !== null && format !== null && device === "disk") await this.checkImage({ target, file, format });
        for (const other of await this.domains()) {
            if (other === name || (await (await this.open(other)).domain()).uuid !== uuid) continue;
            throw new AlreadyExistsError(`the domain ${quoted(other)} under ${quoted(this.root)} has the UUID ${uuid} already; two can't have one`);
        }
        return { name, document };
    }

    /** Refuses an image that is not there, or is of another format than is said: a guest could have forged the rest. */
    private async checkImage({ target, file, format }: NewDomain["disks"][number]): Promise<void> {
        try {
            await this.images.info(file, format);
        } catch (error) {
            throw new InvalidInputError(`disk ${target}: ${(error as Error).message}`, `disks.${target}`, { cause: error });
        }
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.images[Symbol.asyncDispose]();
    }
}

/** A domain whose document somebody lost or moved has its snapshots all the same: another document would have it write into one of them. */
async function refuseRecords(folder: Folder, document: XmlElement): Promise<void> {
    const { snapshots, branches, tip } = await folder.records();
    if (snapshots.size === 0 && branches.size === 0) return;
    const files = new Map(parseDomain(document).disks.map(({ target, file }) => [target, file]));
    const strayed = Object.entries(tip).find(([target, file]) => files.get(target) !== file);
    if (!strayed) return;
    const [target, file] = strayed;
    throw new HostError(
        `${quoted(folder.path)} holds snapshots of a domain whose ${quoted("domain.xml")} is gone, with disk ${target} on ${quoted(file)}; put that document back, or make the domain under another name`,
        { folder: folder.path },
    );
}

/** A URI's query as libvirt reads it: a “+” is a plus. */
function parameters(uri: URL): [name: string, value: string][] {
    try {
        const pairs = uri.search.slice(1).split("&").filter(Boolean);
        return pairs.map((pair) => {
            const [name = "", ...value] = pair.split("=");
            return [decodeURIComponent(name), decodeURIComponent(value.join("="))];
        });
    } catch {
        throw new InvalidInputError("a “%” in the host URI begins no character; write a percent sign as %25", "host");
    }
}

/** The folder that holds the host's domains. */
function rootOf(uri: URL): string {
    const given = parameters(uri);
    const other = given.find(([name]) => name !== "root")?.[0];
    if (other !== undefined) throw new InvalidInputError(`qemu:///embed knows no ${quoted(other)}; it takes root alone`, "host");
    const [root, second] = given.map(([, value]) => value);
    if (second !== undefined) throw new InvalidInputError("qemu:///embed takes one root; give a host for each", "host");
    if (root === undefined || !isAbsolute(root) || root.includes("\0")) {
        throw new InvalidInputError("qemu:///embed needs the absolute path of a folder: qemu:///embed?root=/srv/vms", "host");
    }
    return root;
}

/** `qemu:///embed?root=DIR`. */
export const qemu: BackendFactory = {
    accepts: (uri) => uri.protocol === "qemu:" && uri.host === "" && uri.pathname === "/embed",
    connect: async (uri) => {
        const root = rootOf(uri);
        const folder = await realpath(root).catch((error: unknown) => {
            throw unreachable(root, error);
        });
        return new QemuBackend(folder);
    },
};
