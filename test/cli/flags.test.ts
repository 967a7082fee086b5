import { snaptree } from "./run";

/** No host is there: what is refused here, is refused before anything is looked at. */
const conflicts: [argv: string[], message: string][] = [
    [["create", "vm", "a", "--current"], "use of current flag requires redefine flag"],
    [["create", "vm", "a", "--redefine", "--no-metadata"], "redefine and no metadata flags are mutually exclusive"],
    [["create", "vm", "a", "--redefine", "--halt"], "redefine and halt flags are mutually exclusive"],
    [["create", "vm", "a", "--redefine", "--live"], "redefine and live flags are mutually exclusive"],
    [["create", "vm", "a", "--redefine", "--internal"], "redefine and internal flags are mutually exclusive"],
    [["create", "vm", "a", "--redefine", "--compress", "zlib"], "redefine and compress flags are mutually exclusive"],
    [["create", "vm", "a", "--internal", "--external"], "internal and external flags are mutually exclusive"],
    [["create", "vm", "a", "--quiesce"], "quiesce requires disk-only: quiesce and memory flags are mutually exclusive"],
    [["create", "vm", "a", "--disk-only", "--memory-file", "/m"], "disk-only and memory file flags are mutually exclusive"],
    [["create", "vm", "--xml", "f", "--description", "d"], "xml and description flags are mutually exclusive"],
    [["create", "vm", "a", "--xml", "f"], "a snapshot's name and xml flag are mutually exclusive; the document has the name"],
    [["revert", "vm", "a", "--follow", "--reset"], "follow and reset flags are mutually exclusive"],
    [["revert", "vm", "a", "--follow", "--commit"], "follow and commit flags are mutually exclusive"],
    [["revert", "vm", "a", "--reset", "--commit"], "reset and commit flags are mutually exclusive"],
    [["revert", "vm", "a", "--running", "--paused"], "running and paused flags are mutually exclusive"],
    [["revert", "vm", "a", "--current"], "a snapshot's name and current flag are mutually exclusive"],
    [["switch", "vm", "a", "--running", "--paused"], "running and paused flags are mutually exclusive"],
    [["delete", "vm", "a", "--children", "--children-only"], "children and children-only flags are mutually exclusive"],
    [["delete", "vm", "a", "--children", "--metadata"], "children and metadata flags are mutually exclusive"],
    [["branch", "vm", "a", "--from", "b", "--delete"], "from and delete flags are mutually exclusive"],
    [["branch", "vm", "a", "--delete", "--reset"], "delete and reset flags are mutually exclusive"],
    [["branch", "vm", "a", "--reset", "--commit"], "use of commit flag requires delete flag"],
    [["branch", "vm", "a", "--delete", "--to-fork"], "use of to-fork flag requires reset flag"],
    [["branch", "vm", "a", "--from", "b", "--force"], "use of force flag requires delete or reset flag"],
    [["deactivate", "vm", "a", "--merge", "--discard"], "merge and discard flags are mutually exclusive"],
    [["deactivate", "vm", "a", "--discard", "--discard-force"], "discard and discard-force flags are mutually exclusive"],
    [["deactivate", "vm", "a", "--merge", "--merge-force"], "merge and merge-force flags are mutually exclusive"],
];

test.each(conflicts)("%j: %s", async (argv, message) => {
    const host = ["--host", "qemu:///embed?root=/nowhere"];
    expect(await snaptree(...host, ...argv)).toEqual({ code: 2, out: "", err: `snaptree: ${message}` });
    const { err } = await snaptree(...host, "--json", ...argv);
    expect(JSON.parse(err)).toEqual({ error: { name: "FlagConflictError", message } });
});
