import { execaSync } from "execa";
import { existsSync, realpathSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { cached, cacheFolder } from "./cache";
import { onPath } from "./commands";
import { buildGo, type GoProgram } from "./go";
import type { Log } from "./progress";

export interface Pulumi {
    /** The command line's full path. */
    cli: string;
    /** What to put in front of PATH so that the command line and its plugins are found; may be empty. */
    path: string;
}

const cliVersion = "v3.259.0";
/** The last version of the Node language host that was published as part of a module; it works with every later command line. */
const languageHostVersion = "v3.68.0";

const modules = "github.com/pulumi/pulumi";
const commandLine: GoProgram = {
    package: `${modules}/pkg/v3/cmd/pulumi`,
    requires: { [`${modules}/pkg/v3`]: cliVersion, [`${modules}/sdk/v3`]: cliVersion },
    ldflags: `-X ${modules}/sdk/v3/go/common/version.Version=${cliVersion}`,
};
const languageHost: GoProgram = {
    package: `${modules}/sdk/v3/nodejs/cmd/pulumi-language-nodejs`,
    requires: { [`${modules}/sdk/v3`]: languageHostVersion },
};

const launcher = "pulumi-resource-pulumi-nodejs";
const plugins = ["pulumi-language-nodejs", launcher];

const wholeFolder = `pulumi-${cliVersion}-nodejs-${languageHostVersion}`;
const pluginsFolder = `pulumi-nodejs-${languageHostVersion}`;

/** The real Pulumi engine: the one on PATH if it works, else one that is kept in the cache, else one built there with Go (four minutes, once). */
export async function ensurePulumi({ log }: { log: Log }): Promise<Pulumi> {
    const found = findPulumi();
    if (found) return found;
    if (!onPath("go")) throw new Error("neither Pulumi nor Go is on PATH: install Pulumi (https://www.pulumi.com/docs/install), or Go to have it built");
    if (installed()) {
        await cached(pluginsFolder, log, (folder) => makePlugins(folder, log));
    } else {
        log("Pulumi is not on PATH and is built once; this takes about four minutes");
        await cached(wholeFolder, log, async (folder) => {
            await makePlugins(folder, log);
            await buildGo(commandLine, join(folder, "pulumi"), log);
        });
    }
    const made = findPulumi();
    if (!made) throw new Error(`Pulumi was built in ${cacheFolder()} but does not run`);
    return made;
}

/** The engine as far as it is there at once: nothing is built. */
export function findPulumi(): Pulumi | null {
    const cli = installed();
    if (!cli) return inCache(wholeFolder, (folder) => ({ cli: join(folder, "pulumi"), path: prefix(folder) }));
    if (plugins.every((plugin) => onPath(plugin) ?? onPath(plugin, dirname(realpathSync(cli))))) return { cli, path: prefix() };
    return inCache(pluginsFolder, (folder) => ({ cli, path: prefix(folder) }));
}

function inCache(name: string, pulumi: (folder: string) => Pulumi): Pulumi | null {
    const folder = join(cacheFolder(), name);
    return existsSync(folder) ? pulumi(folder) : null;
}

/** The engine's plugins start “node” by name: that must be the Node that runs the tests. */
function prefix(...folders: string[]): string {
    const node = onPath("node");
    if (!node || realpathSync(node) !== realpathSync(process.execPath)) folders.push(dirname(process.execPath));
    return folders.join(delimiter);
}

/** The command line on PATH, unless it is only a stand-in that would have to be downloaded first. */
function installed(): string | null {
    const cli = onPath("pulumi");
    if (!cli) return null;
    const result = execaSync(cli, ["version"], { reject: false, timeout: 30_000, env: { PULUMI_SKIP_UPDATE_CHECK: "true" } });
    return result.failed ? null : cli;
}

/** The launcher of dynamic providers comes with the SDK; beside the command line the engine takes it for its own and does not warn. */
async function makePlugins(folder: string, log: Log): Promise<void> {
    await copyFile(join(dirname(require.resolve("@pulumi/pulumi/package.json")), launcher), join(folder, launcher));
    await buildGo(languageHost, join(folder, "pulumi-language-nodejs"), log);
}
