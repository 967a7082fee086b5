/**
 * What a resource stores as its provider: a loader that finds this package by name. Pulumi would store the provider's whole code otherwise, twice a
 * resource, and run that old code until the resource is next updated.
 */
export function loaderOf(provider: "snapshot" | "branch" | "tree"): string {
    return `exports.handler = () => require("pulumi-snaptree/dynamic").${provider}()`;
}
