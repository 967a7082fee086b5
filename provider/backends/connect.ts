import { InvalidInputError, quoted, UnsupportedError } from "../model";
import type { Backend, BackendFactory, ConnectOptions } from "./backend";
import { esx } from "./esx";
import { libvirt } from "./libvirt";
import { qemu } from "./qemu";
import { vbox } from "./vbox";

const factories: readonly BackendFactory[] = [qemu, libvirt, vbox, esx];

function parse(uri: string): URL {
    let parsed: URL;
    try {
        parsed = new URL(uri);
    } catch {
        // Neither shown nor kept as a cause, which holds it: it may hold a password.
        throw new InvalidInputError("the host is no URI; write it as libvirt does, for example qemu:///embed?root=/srv/vms", "host");
    }
    if (parsed.password !== "") {
        throw new InvalidInputError("the host URI holds a password; take it out and set SNAPTREE_PASSWORD, or the resource's password", "host");
    }
    return parsed;
}

/** The backend for a URI, connected. */
export async function connectBackend(uri: string, options: ConnectOptions = {}): Promise<Backend> {
    const parsed = parse(uri);
    const factory = factories.find(({ accepts }) => accepts(parsed));
    if (!factory)
        throw new UnsupportedError(
            "this Snaptree",
            `hosts like ${quoted(`${parsed.protocol}//…`)}`,
            "it knows qemu:///embed?root=DIR, the hosts of libvirt’s QEMU driver, as qemu:///system, vbox:///session, esx://HOST/ and vpx://HOST/DATACENTER",
        );
    return factory.connect(parsed, options);
}
