import { availableParallelism } from "node:os";
import { isInProcess } from "./connect-uri";
import { Virsh, type VirshOptions } from "./virsh";

/** Most virshes on one host, which each do one thing at a time; so does libvirt itself with one domain. */
const MOST = Math.min(8, Math.max(2, availableParallelism()));

/** The virshes of one host: each domain has one of them, so that what is done to it stays in order, and others are not held up. */
export class Pool implements AsyncDisposable {
    private readonly all: readonly [Virsh, ...Virsh[]];
    private readonly known = new Map<string, Virsh>();

    /** @throws InvalidInputError where the URI is none */
    constructor(options: VirshOptions) {
        const first = new Virsh(options);
        // Another one would work on another host there.
        const count = isInProcess(new URL(options.uri)) ? 1 : MOST;
        this.all = [first, ...Array.from({ length: count - 1 }, () => new Virsh(options))];
    }

    /** For what is no domain's. */
    get host(): Virsh {
        return this.all[0];
    }

    /** The same for the same domain. Each is started when it is first used. */
    of(uuid: string): Virsh {
        const known = this.known.get(uuid) ?? this.all[this.known.size % this.all.length] ?? this.host;
        this.known.set(uuid, known);
        return known;
    }

    async [Symbol.asyncDispose](): Promise<void> {
        await Promise.all(this.all.map((virsh) => virsh[Symbol.asyncDispose]()));
    }
}
