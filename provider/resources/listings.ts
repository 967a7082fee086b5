import type { Hierarchy } from "../model";

/** However long reads keep coming: so many milliseconds after it was begun, a listing is made anew. */
const LONGEST = 60_000;

interface Listing {
    readonly hierarchy: Promise<Hierarchy | null>;
    readonly begun: number;
    /** Until when whoever reads gets this one, by the process's own clock. */
    until: number;
}

/**
 * Listings of domains, shared by those who only look: Pulumi reads each resource by itself, hundreds of one domain in a refresh. Whoever changes something
 * gets none of these, and whoever reads while that is under way, or afterwards, looks again.
 */
export class Listings {
    private readonly known = new Map<string, Listing>();
    /** Domain to how many operations are under way on it. */
    private readonly changing = new Map<string, number>();

    /** @param moment so many milliseconds after the last read that used it, a listing is used once more; 0: only while it is made */
    constructor(private readonly moment: number) {}

    /** @param list makes the listing; null: there is no such domain */
    read(domain: string, list: () => Promise<Hierarchy | null>): Promise<Hierarchy | null> {
        const now = performance.now();
        const known = this.known.get(domain);
        if (known && now < known.until && now - known.begun < LONGEST) {
            known.until = Math.max(known.until, now + this.moment);
            return known.hierarchy;
        }
        const hierarchy = list();
        if (!this.changing.has(domain)) this.keep(domain, { hierarchy, begun: now, until: Infinity });
        return hierarchy;
    }

    private keep(domain: string, listing: Listing): void {
        this.known.set(domain, listing);
        const forget = () => this.known.get(domain) === listing && this.known.delete(domain);
        listing.hierarchy.then(() => (listing.until = performance.now() + this.moment), forget);
    }

    /** Runs an operation that changes the domain. */
    async around<T>(domain: string, operation: () => Promise<T>): Promise<T> {
        this.changing.set(domain, (this.changing.get(domain) ?? 0) + 1);
        this.known.delete(domain);
        try {
            return await operation();
        } finally {
            const others = (this.changing.get(domain) ?? 1) - 1;
            if (others > 0) this.changing.set(domain, others);
            else this.changing.delete(domain);
        }
    }
}
