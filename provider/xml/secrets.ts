import { isElement, type XmlElement, type XmlNode } from "./element";

/** What libvirt hands out only with VIR_DOMAIN_XML_SECURE: the passwords of displays, and the cookies that a disk over HTTP sends. */
function isSecret(parent: XmlElement, node: XmlNode): boolean {
    return parent.name === "source" && isElement(node) && node.name === "cookies";
}

/** A copy without secrets, as a `<domain>` or `<domainsnapshot>` is shown. What is to be redefined from is read with them. */
export function withoutSecrets(part: XmlElement): XmlElement {
    const { passwd: _, ...others } = part.attributes;
    return {
        ...part,
        attributes: part.name === "graphics" ? others : part.attributes,
        children: part.children.filter((node) => !isSecret(part, node)).map((node) => (isElement(node) ? withoutSecrets(node) : node)),
    };
}
