/** A comment; `comment` is what stands between the markers. */
export interface XmlComment {
    readonly comment: string;
}

/** One element, with names and prefixes as they are written. */
export interface XmlElement {
    readonly name: string;
    /** Values with all references decoded, in document order. */
    readonly attributes: Readonly<Record<string, string>>;
    readonly children: readonly XmlNode[];
}

export type XmlNode = XmlElement | string | XmlComment;

/** True for an element; false for text and comments. */
export function isElement(node: XmlNode): node is XmlElement {
    return typeof node === "object" && "children" in node;
}

/** Makes an element. */
export function element(name: string, attributes: Readonly<Record<string, string>> = {}, children: readonly XmlNode[] = []): XmlElement {
    return { name, attributes, children };
}

/** The first child element of that name; null where there is none. */
export function child(parent: XmlElement, name: string): XmlElement | null {
    for (const node of parent.children) if (isElement(node) && node.name === name) return node;
    return null;
}

/** The child elements, or those of one name, in document order. */
export function childrenOf(parent: XmlElement, name?: string): XmlElement[] {
    return parent.children.filter(isElement).filter((node) => name === undefined || node.name === name);
}

/**
 * The text of the element that a path of names leads to, exactly as it stands, without what its children say; null where there is no
 * such element.
 *
 * @example `textOf(domain, "os", "nvram")`
 */
export function textOf(parent: XmlElement, ...path: readonly string[]): string | null {
    let at: XmlElement | null = parent;
    for (const name of path) at = at && child(at, name);
    return at && at.children.filter((node) => typeof node === "string").join("");
}

/** A copy in which a child stands where the first one of its name stood; at the end where there was none. */
export function withChild(parent: XmlElement, replacement: XmlElement): XmlElement {
    const old = child(parent, replacement.name);
    if (!old) return { ...parent, children: [...parent.children, replacement] };
    return { ...parent, children: parent.children.map((node) => (node === old ? replacement : node)) };
}

/** A copy without the child elements of these names. */
export function withoutChildren(parent: XmlElement, ...names: readonly string[]): XmlElement {
    return { ...parent, children: parent.children.filter((node) => !isElement(node) || !names.includes(node.name)) };
}
