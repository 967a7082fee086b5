// Where both a test and the end of what it uses fail, Node 20 has no class for that, and what swc writes in its place names itself wrongly: neither error would
// be seen.
class SuppressedBoth extends Error {
    override readonly name = "SuppressedError";

    constructor(
        readonly error: Error,
        readonly suppressed: Error,
    ) {
        super(`${String(suppressed.stack)}\n… and then, as it was cleared away:\n${String(error.stack)}`);
    }
}

Object.assign(globalThis, { _SuppressedError: SuppressedBoth });
