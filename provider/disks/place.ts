import type { Step } from "../backends/backend";

/** What a backend says of where a domain keeps its files, and of how it calls things. */
export interface Place {
    /** How errors name the backend. */
    readonly backend: string;
    /** What `compression` can be. */
    readonly compression: readonly string[];
    /** How errors call the domain's document: its path, or `the domain`. */
    readonly document: string;
    /** Others find a snapshot inside its images by its own name; else it may have any there. */
    readonly tagsAreNames: boolean;
    /** Guests can be started here. */
    readonly guests: boolean;
    /** What to do about a setting that only a running guest can have. */
    readonly shutOffAdvice: string;
    /** A path for a new file, or a name for a new document: of a stem, a number and an ending. @param beside the file that it belongs to, if any */
    path(stem: string, number: number, ending: string, beside: string | null): string;
    /** Whether that is a file, which steps write and remove; documents may be kept by the hypervisor. */
    isFile(path: string): boolean;
    /** The file lies where files are Snaptree's to look after. */
    isInside(file: string): boolean;
    /** How one file names another as its backing file. */
    backingName(file: string): string;
    /** A file in which a step notes that it was carried out. */
    mark(name: string): string;
    /** What has the domain's document written, once all that it needs is there. @param seen the document from which this was decided */
    configure(xml: string, seen: string): readonly Step[];
}
