import { execa } from "execa";
import fc from "fast-check";
import { shellLine } from "../../../provider/backends/vbox/quote";
import { onPath } from "../../hosts/commands";

const shells = ["sh", "dash", "bash", "busybox", "zsh", "ksh"].filter((shell) => onPath(shell) !== null);

/** What a shell makes of a line: the arguments that a program gets. */
async function argumentsOf(shell: string, line: string): Promise<string[]> {
    const { stdout } = await execa(shell, [...(shell === "busybox" ? ["sh"] : []), "-c", line], {
        stripFinalNewline: false,
        encoding: "buffer",
        env: { LC_ALL: "C.UTF-8" },
    });
    return Buffer.from(stdout).toString().split("\0").slice(0, -1);
}

const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({ unit: "binary" }).map((each) => each.replaceAll("\0", "")),
    fc.string({ unit: fc.constantFrom("'", '"', "\\", "$", "`", "!", "\n", "-", " ", "*", "~", "#", ";", "&", "{", "%", "é", "\u{1f600}") }),
);

test.each(shells)("any text without NUL survives %s as one argument", async (shell) => {
    await fc.assert(
        fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 20 }), async (args) => {
            const wellFormed = args.map((each) => each.toWellFormed());
            expect(await argumentsOf(shell, shellLine(["printf", "%s\\0", ...wellFormed]))).toEqual(wellFormed);
        }),
        { numRuns: 50 },
    );
});

test("sh is among the shells that this was tried with", () => {
    expect(shells).toContain("sh");
});
