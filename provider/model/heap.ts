/** A binary heap: the smallest element first. */
export class Heap<T> {
    private readonly items: T[] = [];

    constructor(
        private readonly compare: (a: T, b: T) => number,
        items: Iterable<T> = [],
    ) {
        for (const item of items) this.push(item);
    }

    push(item: T): void {
        let at = this.items.push(item) - 1;
        while (at > 0) {
            const above = (at - 1) >> 1;
            if (!this.before(at, above)) return;
            this.swap(at, above);
            at = above;
        }
    }

    pop(): T | undefined {
        const top = this.items[0];
        const last = this.items.pop();
        if (this.items.length === 0 || last === undefined) return top;
        this.items[0] = last;
        for (let at = 0; ;) {
            let least = at;
            for (const below of [2 * at + 1, 2 * at + 2]) if (below < this.items.length && this.before(below, least)) least = below;
            if (least === at) return top;
            this.swap(at, least);
            at = least;
        }
    }

    private before(a: number, b: number): boolean {
        return this.compare(this.items[a] as T, this.items[b] as T) < 0;
    }

    private swap(a: number, b: number): void {
        [this.items[a], this.items[b]] = [this.items[b] as T, this.items[a] as T];
    }
}
