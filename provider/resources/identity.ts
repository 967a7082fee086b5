import { InvalidInputError } from "../model";

/** What a snapshot's id names. */
export interface SnapshotAddress {
    readonly host: string;
    readonly domain: string;
    readonly name: string;
}

/**
 * A snapshot's id, which is also what an import is given: `HOST#DOMAIN/NAME`, domain and name percent-encoded.
 *
 * @example `qemu:///embed?root=/srv/vms#web/base`
 */
export function formatSnapshotId({ host, domain, name }: SnapshotAddress): string {
    return `${host}#${encodeURIComponent(domain.toWellFormed())}/${encodeURIComponent(name.toWellFormed())}`;
}

/**
 * The parts of a snapshot's id. Since domain and name are percent-encoded, the last `#` ends the host.
 *
 * @throws InvalidInputError when it is no such id.
 */
export function parseSnapshotId(id: string): SnapshotAddress {
    const at = id.lastIndexOf("#");
    const [domain, name, ...more] = id.slice(at + 1).split("/");
    if (at < 1 || !domain || !name || more.length > 0) throw noId();
    try {
        return { host: id.slice(0, at), domain: decodeURIComponent(domain), name: decodeURIComponent(name) };
    } catch (cause) {
        throw noId(cause);
    }
}

/** The id itself is not shown: what is wrong with it may be a password in its host. */
function noId(cause?: unknown): InvalidInputError {
    return new InvalidInputError(
        "this is no snapshot's id; write HOST#DOMAIN/NAME with domain and name percent-encoded, for example qemu:///embed?root=/srv/vms#web/base",
        "id",
        { cause },
    );
}
