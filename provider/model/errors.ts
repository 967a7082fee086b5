import { called, formatBytes } from "./text";

/** One thing that an operation would destroy and that nothing else holds: `snapshot:NAME`, `branch:NAME`, `tip` or `memory`. */
export type Loss = string;

/** Bytes that would go with losses, where that is known. */
export type LossSizes = Readonly<Record<Loss, number>>;

/** A loss in a line of text, with its size where that is known: `branch:x (1.5 MiB)`. */
export function shownLoss(loss: Loss, sizes: LossSizes = {}): string {
    const bytes = Object.hasOwn(sizes, loss) ? sizes[loss] : undefined;
    return bytes === undefined ? called(loss) : `${called(loss)} (${formatBytes(bytes)})`;
}

/** Facts about an error, as they appear under `--json` beside its name and message. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * What every error of Snaptree is. The message is one sentence that says what failed, why, and what to do.
 *
 * @example
 * ```ts
 * try { await vm.revert("base"); } catch (e) { if (e instanceof DataLossError) console.log(e.losses); }
 * ```
 */
export class SnaptreeError extends Error {
    override readonly name: string = "SnaptreeError";
    constructor(
        message: string,
        readonly details: ErrorDetails = {},
        options?: ErrorOptions,
    ) {
        super(message, options);
    }
}

/** An input can't be used as it is; `property` is its path (`disks.vda.file`), empty where none applies. */
export class InvalidInputError extends SnaptreeError {
    override readonly name = "InvalidInputError";
    constructor(
        message: string,
        readonly property = "",
        options?: ErrorOptions,
    ) {
        super(message, property ? { property } : {}, options);
    }
}

/** Flags that exclude each other, with libvirt's own wording where it has one. */
export class FlagConflictError extends SnaptreeError {
    override readonly name = "FlagConflictError";
}

/** No such host folder, domain, snapshot or branch. */
export class NotFoundError extends SnaptreeError {
    override readonly name = "NotFoundError";
}

/** The name is taken. */
export class AlreadyExistsError extends SnaptreeError {
    override readonly name = "AlreadyExistsError";
}

/** The backend can't do this; `nearest` is the nearest thing that works. */
export class UnsupportedError extends SnaptreeError {
    override readonly name = "UnsupportedError";
    constructor(
        readonly backend: string,
        readonly feature: string,
        readonly nearest: string,
    ) {
        super(`${backend} can't do ${feature}; ${nearest}`, { backend, feature, nearest });
    }
}

/** The operation would destroy what nothing else holds; it did nothing. */
export class DataLossError extends SnaptreeError {
    override readonly name = "DataLossError";
    constructor(
        what: string,
        readonly losses: readonly Loss[],
        /** Bytes of those whose size is known. */
        readonly sizes: LossSizes = {},
    ) {
        const shown = losses.map((loss) => shownLoss(loss, sizes)).join(", ");
        const details = Object.keys(sizes).length === 0 ? { losses } : { losses, sizes };
        super(`${what} would lose ${shown}; nothing was done. Keep it first, or accept the loss with force`, details);
    }
}

/** The domain is locked or an image is in use; `holder` says by whom, as far as that is known. */
export class BusyError extends SnaptreeError {
    override readonly name = "BusyError";
    constructor(
        message: string,
        readonly holder: string | null = null,
    ) {
        super(message, holder === null ? {} : { holder });
    }
}

/** A node that the plan touches changed after the plan was made. */
export class StalePlanError extends SnaptreeError {
    override readonly name = "StalePlanError";
}

/** The hypervisor or one of its tools refused: what was run, its exit code and its own words. */
export class HostError extends SnaptreeError {
    override readonly name: string = "HostError";
}

/** The host can't be reached at all, so nothing is known about what it holds. */
export class UnreachableError extends HostError {
    override readonly name = "UnreachableError";
}
