import { type Branch, type Hierarchy, noSuchSnapshot, type Snapshot } from "../../model";
import { checkNamed, domainArgument, named, type NameOptions, VALUES, withName } from "../arguments";
import { branchRow, factsOf, type SnapshotFacts, snapshotRow } from "../listing";
import { tell } from "../output";
import { size } from "../table";
import { nameOr, printable, when } from "../text";
import { type Verb, verb } from "../verb";

const WIDTH = 15;

/** Facts one under the other, as virsh snapshot-info shows them. */
function sheet(facts: readonly (readonly [label: string, value: string])[]): string {
    return facts.map(([label, value]) => `${`${label}:`.padEnd(WIDTH)} ${value}`).join("\n");
}

const yes = (value: boolean) => (value ? "yes" : "no");
const files = (placed: Readonly<Record<string, string>>) => Object.entries(placed).map(([target, file]) => [`Disk ${target}`, printable(file)] as const);

function snapshotSheet(snapshot: Snapshot, { current, children }: SnapshotFacts): string {
    const { name, parent, description, creationTime, state, mode, memory, committing, owner, bytes } = snapshot;
    return sheet([
        ["Snapshot", printable(name)],
        ["Current", yes(current)],
        ["Parent", nameOr(parent)],
        ["Children", children.map(printable).join(", ") || "-"],
        ["Description", nameOr(description)],
        ["Creation time", when(creationTime)],
        ["State", committing ? `${state} (a commit into it was not finished; run it again)` : state],
        ["Mode", mode ?? "-"],
        ["Memory", yes(memory)],
        ["Size", size(bytes)],
        ["Owner", nameOr(owner)],
        ...files(snapshot.files),
    ]);
}

function branchSheet(branch: Branch): string {
    const { name, from, tip, active, dirty, owner, bytes } = branch;
    return sheet([
        ["Branch", printable(name)],
        ["Active", yes(active)],
        ["From", nameOr(from)],
        ["Tip", nameOr(tip)],
        ["Dirty", yes(dirty)],
        ["Size", size(bytes)],
        ["Owner", nameOr(owner)],
        ...files(branch.files),
    ]);
}

/** Snapshots and branches share one name space. */
function facts(hierarchy: Hierarchy, name: string): { readonly words: string; readonly row: object } {
    const snapshot = hierarchy.snapshots.find((each) => each.name === name);
    if (snapshot) {
        const known = factsOf(hierarchy)(name);
        return { words: snapshotSheet(snapshot, known), row: snapshotRow(snapshot, known) };
    }
    const branch = hierarchy.branches.find((each) => each.name === name);
    if (!branch) throw noSuchSnapshot(name);
    return { words: branchSheet(branch), row: branchRow(branch) };
}

export const show: Verb = (program, session) => {
    const command = verb(program, "show", {
        summary: "show what is known of a snapshot or a branch",
        examples: ["snaptree show web base", "snaptree show web --current --xml"],
    }).addArgument(domainArgument());
    withName(command, "the name of a snapshot or a branch", VALUES.node)
        .option("--xml", "a snapshot's <domainsnapshot> document")
        .action(async (domain: string, given: string | undefined, options: NameOptions & { xml?: boolean }) => {
            checkNamed(given, options.current);
            await session.look(domain, async (vm) => {
                const name = await named(vm, given);
                if (options.xml) {
                    const xml = await vm.getXMLDesc(name);
                    return void tell(session.output, xml.trimEnd(), { name, xml });
                }
                const { words, row } = facts(await vm.hierarchy({ sizes: true }), name);
                tell(session.output, words, row);
            });
        });
};
