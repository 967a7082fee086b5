import { NotFoundError, quoted } from "../../../model";
import { faultOf } from "./faults";
import { instanceUuidOf, inventoryOf, NAMES, nameOf, pathOf, type Inventory } from "./machine";
import { partOf, partsOf, refOf, requiredPart, type Ref } from "./part";
import { filterSpec, named, retrieve, traversal, type Held, type Wanted } from "./properties";
import type { Session } from "./session";
import type { Argument } from "./soap";
import type { Candidate } from "./types";

/** The way up from a machine, for its inventory path. */
const UP = named("up");
export const UPWARDS: readonly Argument[] = [
    traversal("ManagedEntity", "parent", [UP], "up"),
    traversal("VirtualMachine", "parentVApp", [UP]),
    traversal("VirtualApp", "parentFolder", [UP]),
];

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** `vm-42` on a vCenter, `42` on an ESX host. */
const MACHINE_ID = /^(?:vm-)?\d+$/;

/** Machines of a host, or of the part of it that a URI names. */
export class Machines {
    private view: { readonly epoch: number; readonly ref: Promise<Ref> } | null = null;
    private names: Promise<Candidate[]> | null = null;

    constructor(
        private readonly session: Session,
        private readonly path: readonly string[],
    ) {}

    /** Properties of all machines, with what makes their paths: one traversal. */
    async all(wanted: Wanted): Promise<{ readonly machines: readonly Held[]; readonly inventory: Inventory }> {
        const all = await this.viewed(wanted);
        return { machines: all.filter(({ ref }) => ref.type === "VirtualMachine"), inventory: inventoryOf(all) };
    }

    /** A view goes with its session, which may expire while one reads. */
    private async viewed(wanted: Wanted): Promise<Held[]> {
        const select = traversal("ContainerView", "view", UPWARDS);
        const { epoch } = this.session;
        try {
            return await retrieve(this.session, filterSpec(wanted, [await this.viewOfAll()], [select], true));
        } catch (error) {
            if (faultOf(error) !== "ManagedObjectNotFound" || this.session.epoch === epoch) throw error;
            return await this.viewed(wanted);
        }
    }

    /** A machine by what it may be called: the first way that leads to any. */
    async find(called: string): Promise<Candidate[]> {
        const all = await this.candidates();
        const byName = all.filter(({ name }) => name === called);
        if (byName.length > 0) return byName;
        const byPath = all.filter(({ path }) => [path, `/${path}`].includes(called) || (called.includes("/") && path.endsWith(`/vm/${called}`)));
        if (byPath.length > 0) return byPath;
        const refs = UUID.test(called) ? await this.byUuid(called) : MACHINE_ID.test(called) ? [called] : [];
        return all.filter(({ ref }) => refs.includes(ref));
    }

    private async byUuid(uuid: string): Promise<string[]> {
        const found = async (instanceUuid: boolean) => {
            const args = [["uuid", uuid.toLowerCase()], ["vmSearch", true], ["instanceUuid", instanceUuid]] as const; // prettier-ignore
            const answer = await this.session.call("FindAllByUuid", this.session.services.searchIndex, args, { reads: true });
            return partsOf(answer, "returnval").map((part) => refOf(part).id);
        };
        return (await Promise.all([found(false), found(true)])).flat();
    }

    /** Several that ask at once share the answer. */
    private candidates(): Promise<Candidate[]> {
        this.names ??= this.listed().finally(() => (this.names = null));
        return this.names;
    }

    private async listed(): Promise<Candidate[]> {
        const { machines, inventory } = await this.all(NAMES);
        return machines.map((held) => ({ ref: held.ref.id, name: nameOf(held), path: pathOf(held, inventory), instanceUuid: instanceUuidOf(held) }));
    }

    private viewOfAll(): Promise<Ref> {
        const { epoch } = this.session;
        if (this.view?.epoch !== epoch) {
            const ref = this.createView();
            this.view = { epoch, ref };
            ref.catch(() => (this.view = null));
        }
        return this.view.ref;
    }

    private async createView(): Promise<Ref> {
        const args = [["container", await this.container()], ["type", "VirtualMachine"], ["recursive", true]] as const; // prettier-ignore
        return refOf(requiredPart(await this.session.call("CreateContainerView", this.session.services.viewManager, args), "returnval"));
    }

    /** What the URI's path leads to: as libvirt writes it, without the folders “host” that the API has below datacenters. */
    private async container(): Promise<Ref> {
        let at = this.session.services.rootFolder;
        let path = "";
        for (const name of this.path) {
            const steps = at.type === "Datacenter" ? [`host/${escaped(name)}`, `vm/${escaped(name)}`] : [escaped(name)];
            let found: Ref | null = null;
            for (const step of steps) {
                found = await this.at(path + step);
                if (found === null) continue;
                path += `${step}/`;
                break;
            }
            if (found === null)
                throw new NotFoundError(
                    `${this.session.shown} has no ${quoted(name)} ${path === "" ? "at the top of its inventory" : `in ${quoted(path.slice(0, -1))}`}; look at its inventory, and correct the URI`,
                );
            at = found;
        }
        return at;
    }

    private async at(inventoryPath: string): Promise<Ref | null> {
        const answer = await this.session.call("FindByInventoryPath", this.session.services.searchIndex, [["inventoryPath", inventoryPath]], { reads: true });
        const found = partOf(answer, "returnval");
        return found && refOf(found);
    }
}

/** A name as the vSphere API writes it; one that is written so already stays. */
function escaped(name: string): string {
    return name.replace(/[/\\]|%(?!2f|5c|25)/gi, (character) => `%${character.charCodeAt(0).toString(16)}`);
}
