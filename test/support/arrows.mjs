// Lints texts as if they stood in given files: `node arrows.mjs < [[FILE, TEXT], …]` prints what the rule of the arrows says of each.
// A process of its own, because jest can't load the linter's configuration, which is an ES module.
import { ESLint } from "eslint";
import { text } from "node:stream/consumers";

const rule = "boundaries/dependencies";
const linter = new ESLint({ ruleFilter: ({ ruleId }) => ruleId === rule });
const faults = [];
for (const [file, source] of JSON.parse(await text(process.stdin))) {
    const [{ messages }] = await linter.lintText(source, { filePath: file });
    faults.push(messages.map(({ message }) => message));
}
console.log(JSON.stringify(faults));
