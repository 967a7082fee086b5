import { InvalidInputError, NotFoundError, quoted, UnsupportedError } from "../../model";
import type { Backend, BackendFactory, ManagedDomain } from "../backend";
import { BACKEND, capabilities } from "./capabilities";
import { vimHostOf } from "./credentials";
import { EsxDomain } from "./domain";
import { LocalState } from "./state";
import { acceptsUri, type EsxHost, parseEsxUri } from "./uri";
import { connectVim, type Vim } from "./vim";

class EsxBackend implements Backend {
    readonly capabilities = capabilities;

    constructor(
        private readonly vim: Vim,
        private readonly host: EsxHost,
    ) {}

    /** By name; where several have one, by inventory path. */
    async domains(): Promise<string[]> {
        const machines = (await this.vim.machines()).filter(({ template }) => !template);
        const counts = new Map<string, number>();
        for (const { name } of machines) counts.set(name, (counts.get(name) ?? 0) + 1);
        return machines.map(({ name, path }) => (counts.get(name) === 1 ? name : path));
    }

    async open(domain: string): Promise<ManagedDomain> {
        const [found, ...others] = await this.vim.find(domain);
        if (!found)
            throw new NotFoundError(`${this.host.shown} has no machine ${quoted(domain)}; name it by its name, inventory path, UUID or managed object id`);
        if (others.length > 0) {
            const all = [found, ...others].map(({ path, ref }) => `${quoted(path)} (${ref})`).join(", ");
            throw new InvalidInputError(`${others.length + 1} machines are called ${quoted(domain)}: ${all}; say which by its path or its id`, "domain");
        }
        const identity = found.instanceUuid ?? `${this.vim.about.instanceUuid ?? this.host.url}:${found.ref}`;
        return new EsxDomain({ vim: this.vim, ref: found.ref, name: found.name, identity, deepest: this.host.depth, state: new LocalState(identity) });
    }

    define(): Promise<ManagedDomain> {
        return Promise.reject(new UnsupportedError(BACKEND, "making machines", "use vCenter, its templates or “govc vm.create”"));
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await this.vim[Symbol.asyncDispose]();
    }
}

/** `esx://HOST/`, `vpx://HOST/DATACENTER`. */
export const esx: BackendFactory = {
    accepts: acceptsUri,
    connect: async (uri, { password }) => {
        const host = parseEsxUri(uri);
        return new EsxBackend(await connectVim(vimHostOf(host, password)), host);
    },
};
