import { HostError, NotFoundError, quoted, UnsupportedError } from "../../model";
import type { Backend, BackendFactory, ManagedDomain } from "../backend";
import { BACKEND, capabilities } from "./capabilities";
import { siteOf } from "./connection";
import { parseMachine } from "./document";
import { noDocument } from "./no-document";
import { VboxDomain } from "./domain";
import { Host } from "./host";
import { Manage } from "./manage";
import { registeredFile } from "./registry";
import { acceptsUri, parseVboxUri, VBOXMANAGE } from "./uri";

/** A machine as VirtualBox lists it. */
interface Listed {
    readonly name: string;
    readonly uuid: string;
}

/** How VirtualBox lists a machine whose document it can't read. */
const INACCESSIBLE = "<inaccessible>";

/** Names may hold anything, also what looks like another machine: quotes and newlines. */
function machinesIn(list: string): Listed[] {
    return [...list.matchAll(/^"([^]*?)" \{([0-9a-f-]{36})\}$/gm)].map(([, name = "", uuid = ""]) => ({ name, uuid }));
}

/** Where the documents of a machine could be: a snapshot's name may look like a line of its own. */
function filesIn(list: string, uuid: string): string[] {
    const lines = list.split("\n");
    return lines.flatMap((line, i) => {
        if (/^UUID:\s+(\S+)$/.exec(line)?.[1] !== uuid) return [];
        return /^Config file:\s+(.+)$/.exec(lines[i + 1] ?? "")?.[1] ?? [];
    });
}

class VboxBackend implements Backend {
    readonly capabilities = capabilities;

    constructor(
        private readonly host: Host,
        /** Its machines are registered where this user's are, and not in a home that somebody's script chooses. */
        private readonly isOurs: boolean,
    ) {}

    private async machines(): Promise<Listed[]> {
        return machinesIn(await this.host.manage.run(["list", "vms"]));
    }

    async domains(): Promise<string[]> {
        return (await this.machines()).map(({ name }) => name).filter((name) => name !== INACCESSIBLE);
    }

    async open(domain: string): Promise<ManagedDomain> {
        const machines = await this.machines();
        const found = machines.find(({ name }) => name === domain) ?? machines.find(({ uuid }) => uuid === domain.toLowerCase());
        if (!found) {
            const lost = machines.filter(({ name }) => name === INACCESSIBLE);
            // It may be one of those: nobody may take it for gone.
            if (lost.length > 0)
                throw new HostError(
                    `VirtualBox lists no machine ${quoted(domain)}, but ${lost.length} whose documents it can't read (${lost.map(({ uuid }) => `{${uuid}}`).join(", ")}), of which it may be one; mend or unregister them, as “VBoxManage list vms” shows, and run again`,
                );
            throw new NotFoundError(`VirtualBox has no machine ${quoted(domain)}; “VBoxManage list vms” shows what is there`);
        }
        if (found.name === INACCESSIBLE) throw inaccessible(found.uuid);
        return new VboxDomain(found.name, found.uuid, await this.documentOf(found), this.host);
    }

    /** The absolute path of a machine's document. Asking for that one machine would keep others from taking a snapshot of it, and asking for all takes long. */
    private async documentOf({ name, uuid }: Listed): Promise<string> {
        const registered = this.isOurs ? await registeredFile(uuid) : null;
        const told = async () => filesIn(await this.host.manage.run(["list", "--long", "vms"]), uuid);
        for (const file of registered === null ? await told() : [registered]) {
            const text = await this.host.documentAt(file);
            if (text === null && registered !== null) throw await noDocument(this.host.site, `{${uuid}}`, file);
            const machine = text === null ? null : parseMachine(text, file);
            // A machine's name may look like a list of others.
            if (machine?.uuid === uuid && machine.name === name) return file;
        }
        throw inaccessible(uuid);
    }

    define(): Promise<ManagedDomain> {
        return Promise.reject(new UnsupportedError(BACKEND, "making machines", "use “VBoxManage createvm” or its window"));
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.host.site[Symbol.asyncDispose]();
    }
}

function inaccessible(uuid: string): HostError {
    return new HostError(
        `the machine {${uuid}} is inaccessible: VirtualBox can't read its document; mend or unregister it, as “VBoxManage showvminfo ${uuid}” says`,
        {
            uuid,
        },
    );
}

/** `vbox:///session`, `vbox+ssh://HOST/session`. */
export const vbox: BackendFactory = {
    accepts: acceptsUri,
    connect: (uri) => {
        const parsed = parseVboxUri(uri);
        const site = siteOf(parsed);
        return Promise.resolve(
            new VboxBackend(new Host(site, new Manage(site, { command: parsed.vboxmanage })), parsed.ssh === null && parsed.vboxmanage === VBOXMANAGE),
        );
    },
};
