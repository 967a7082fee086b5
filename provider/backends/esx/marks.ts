import type { NativeNode } from "../../native";

/** At the end of a description: the one place that a host keeps from the instant in which a snapshot is taken, and that can be changed afterwards. */
const MARK = /(?:^| )\(Snaptree is taking this: ([0-9a-f-]{36}#\d+)\)$/;

/** A description that says whose the snapshot is, while what it was taken for is not finished. */
export function marked(description: string | null, mark: string): string {
    return `${description === null ? "" : `${description} `}(Snaptree is taking this: ${mark})`;
}

/** What somebody described a snapshot with, and whose it is. */
export function unmarked(text: string | null): Pick<NativeNode, "description"> & { readonly mark: string | null } {
    const [whole, mark] = MARK.exec(text ?? "") ?? [];
    if (text === null || whole === undefined || mark === undefined) return { description: text, mark: null };
    return { description: text.slice(0, -whole.length) || null, mark };
}
