import { InvalidInputError } from "../model";

/** What a resource's id names. */
export interface Identity {
    readonly host: string;
    readonly domain: string;
    /** Of the snapshot or branch; absent where the resource is all that a domain has. */
    readonly name?: string;
}

/**
 * A resource's id, which is also what an import is given: `HOST#DOMAIN/NAME`, or `HOST#DOMAIN` for a whole domain; domain and name percent-encoded.
 *
 * @example `qemu:///embed?root=/srv/vms#web/base`
 */
export function formatId({ host, domain, name }: Identity): string {
    return `${host}#${[domain, ...(name === undefined ? [] : [name])].map((part) => encodeURIComponent(part.toWellFormed())).join("/")}`;
}

/**
 * The parts of the id of a snapshot or a branch.
 *
 * @throws InvalidInputError when it is no such id.
 */
export function parseNamedId(id: string): Required<Identity> {
    const { host, parts } = partsOf(id, 2, noNamedId);
    const [domain = "", name = ""] = parts;
    return { host, domain, name };
}

/**
 * The parts of the id of a whole domain.
 *
 * @throws InvalidInputError when it is no such id.
 */
export function parseDomainId(id: string): Omit<Identity, "name"> {
    const { host, parts } = partsOf(id, 1, noDomainId);
    const [domain = ""] = parts;
    return { host, domain };
}

/** Since what follows it is percent-encoded, the last `#` ends the host. */
function partsOf(id: string, count: number, refuse: (cause?: unknown) => InvalidInputError): { readonly host: string; readonly parts: readonly string[] } {
    const at = id.lastIndexOf("#");
    const parts = id.slice(at + 1).split("/");
    if (at < 1 || parts.length !== count || parts.includes("")) throw refuse();
    try {
        return { host: id.slice(0, at), parts: parts.map(decodeURIComponent) };
    } catch (cause) {
        throw refuse(cause);
    }
}

/** The id itself is not shown: what is wrong with it may be a password in its host. */
function noNamedId(cause?: unknown): InvalidInputError {
    return new InvalidInputError(
        "this is no id of a snapshot or a branch; write HOST#DOMAIN/NAME with domain and name percent-encoded, for example qemu:///embed?root=/srv/vms#web/base",
        "id",
        { cause },
    );
}

function noDomainId(cause?: unknown): InvalidInputError {
    return new InvalidInputError(
        "this is no id of a domain's tree; write HOST#DOMAIN with the domain percent-encoded, for example qemu:///embed?root=/srv/vms#web",
        "id",
        { cause },
    );
}
