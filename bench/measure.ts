/** Milliseconds that work takes. */
export async function time(work: () => Promise<void>): Promise<number> {
    const start = performance.now();
    await work();
    return performance.now() - start;
}

export function median(values: readonly number[]): number {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** One figure: ours beside what it is held against, each the median of its runs. */
export interface Figure {
    readonly what: string;
    readonly ours: number;
    readonly against?: { readonly what: string; readonly milliseconds: number };
    /** What the issue asks for: a ratio, or milliseconds where there is nothing to hold it against. */
    readonly limit?: number;
    readonly note?: string;
}

/** Runs both in turn, A B A B …, so that a machine that gets slower does so for both. */
export async function compare(rounds: number, ours: () => Promise<number>, theirs: () => Promise<number>): Promise<[number, number]> {
    const a: number[] = [];
    const b: number[] = [];
    for (let round = 0; round < rounds; round++) {
        a.push(await ours());
        b.push(await theirs());
    }
    return [median(a), median(b)];
}
