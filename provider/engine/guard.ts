import { HostError, SnaptreeError } from "../model";
import type { Progress } from "./requests";

/** Somebody who only looks on can't disturb what is going on: their mistakes are theirs. */
export function onlooking(onProgress: ((progress: Progress) => void) | undefined): (progress: Progress) => void {
    return (progress) => {
        try {
            onProgress?.(progress);
        } catch {
            return;
        }
    };
}

/** What helps with the system's own errors. */
const REMEDIES: Readonly<Record<string, string>> = {
    ENOSPC: "the disk is full: make room and run again",
    EDQUOT: "the quota is used up: make room and run again",
    EROFS: "the file system is read-only: mount it for writing and run again",
    EACCES: "this user may not: run as one who may, or change the permissions",
    EPERM: "this user may not, or the file is protected: run as one who may, or change that",
    EMFILE: "too many files are open: raise the limit (ulimit -n) and run again",
    ENOENT: "a file has gone meanwhile: see what is there and run again",
};

/** An error of the system's, without a word on what it means, becomes one that says what failed, why, and what to do. */
export async function sayWhy<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
        return await work();
    } catch (error) {
        const { code, syscall, message } = error as NodeJS.ErrnoException;
        if (error instanceof SnaptreeError || code === undefined || syscall === undefined) throw error;
        throw new HostError(`${what} failed (${message}); ${REMEDIES[code] ?? "see to that and run again"}`, { code }, { cause: error });
    }
}
