import { FlagConflictError } from "../../provider/model";
import { checkFlags, type CreationFlags } from "../../provider/engine/flags";

/** Design section 2, in libvirt's own wording where it has one. */
const conflicts: [CreationFlags, string][] = [
    [{ current: true }, "use of current flag requires redefine flag"],
    [{ current: true, noMetadata: true }, "use of current flag requires redefine flag"],
    [{ redefine: true, noMetadata: true }, "redefine and no metadata flags are mutually exclusive"],
    [{ redefine: true, current: true, noMetadata: true }, "redefine and no metadata flags are mutually exclusive"],
    [{ redefine: true, halt: true }, "redefine and halt flags are mutually exclusive"],
    [{ quiesce: true }, "quiesce requires disk-only: quiesce and memory flags are mutually exclusive"],
    [{ quiesce: true, diskOnly: false }, "quiesce requires disk-only: quiesce and memory flags are mutually exclusive"],
    [{ diskOnly: true, memoryFile: "/m" }, "disk-only and memory file flags are mutually exclusive"],
];

test.each(conflicts)("%j is refused: %s", (flags, message) => {
    expect(() => checkFlags(flags)).toThrow(FlagConflictError);
    expect(() => checkFlags(flags)).toThrow(new FlagConflictError(message));
});

test.each<CreationFlags>([
    {},
    { redefine: true },
    { redefine: true, current: true },
    { redefine: false, current: false, noMetadata: true },
    { redefine: false, halt: true },
    { noMetadata: true, halt: true, diskOnly: true, quiesce: true },
    { memoryFile: "/m", live: true },
    { diskOnly: true, reuseExternal: true },
])("%j is none", (flags) => {
    expect(() => checkFlags(flags)).not.toThrow();
});
