import { child, childrenOf, element, parseXml, type XmlElement } from "../../xml";

/** A `<Hardware>` as VirtualBox writes it: never one within another, and outside of it “<” always begins a tag. */
const WHOLE = /<Hardware(?:\s[^>]*)?>[^]*?<\/Hardware>/g;
const STORAGE = /<StorageControllers(?:\s[^>]*)?>[^]*?<\/StorageControllers>/;

/**
 * The configurations in a machine's document: one for each snapshot, which is nearly all of it, and hardly ever of interest but for its disks. So they are read
 * when somebody asks.
 */
export class HardwareOf {
    /** The document with an empty `<Hardware>` for each, which has its number. */
    readonly rest: string;
    private readonly texts: string[] = [];

    constructor(
        text: string,
        private readonly what: string,
    ) {
        this.rest = text.replaceAll(WHOLE, (found) => `<Hardware number="${this.texts.push(found) - 1}"/>`);
    }

    private textOf(owner: XmlElement): string | undefined {
        return this.texts[Number(child(owner, "Hardware")?.attributes.number)];
    }

    /** The whole configuration of a `<Machine>` or `<Snapshot>`. */
    whole(owner: XmlElement): XmlElement {
        const text = this.textOf(owner);
        const hardware = text === undefined ? element("Hardware") : parseXml(text, this.what);
        // Before settings version 1.19 they stood beside it.
        const storage = childrenOf(owner, "StorageControllers");
        return storage.length === 0 ? hardware : { ...hardware, children: [...hardware.children, ...storage] };
    }

    /** Of it, the storage controllers with what is attached to them. */
    storage(owner: XmlElement): XmlElement {
        const text = STORAGE.exec(this.textOf(owner) ?? "")?.[0];
        return element("Hardware", {}, [...(text === undefined ? [] : [parseXml(text, this.what)]), ...childrenOf(owner, "StorageControllers")]);
    }
}
