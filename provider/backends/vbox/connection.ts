import { LocalSite } from "./local-site";
import type { Site } from "./site";
import { SshSite } from "./ssh-site";
import type { VboxHost } from "./uri";

/** The machine that a URI leads to. Nothing is connected yet. */
export function siteOf({ ssh, shown }: VboxHost): Site {
    return ssh === null ? new LocalSite() : new SshSite(ssh, shown);
}
