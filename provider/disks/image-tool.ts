/** An empty overlay to make. The file is there already, empty. */
export interface NewOverlay {
    readonly file: string;
    /** Bytes. */
    readonly size: number;
    /** As it is to stand in the header. */
    readonly backing: string;
    readonly backingFormat: string;
}

/** A qcow2 image that a tool works on. */
export interface OpenImage {
    /** A name that is there already is an error. */
    readonly takeSnapshot: (name: string) => Promise<void>;
    /** By its exact name: a number is not taken for an ID. */
    readonly deleteSnapshot: (name: string) => Promise<void>;
}

/** What makes overlays and internal snapshots: one qemu-storage-daemon, or where there is none a qemu-img for each. */
export interface ImageTool extends AsyncDisposable {
    /** Makes an empty overlay in a file that is there already. The backing file is not opened. */
    createOverlay(overlay: NewOverlay): Promise<void>;
    /** Works on a qcow2 image, without its backing files. */
    withImage<T>(file: string, work: (image: OpenImage) => Promise<T>): Promise<T>;
}
