// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** Every character may stand in an XML 1.0 document (section 2.2): no control characters but tab and line ends, no lone surrogates. */
export function isXmlText(text: string): boolean {
    return !FORBIDDEN.test(text) && text.isWellFormed();
}

/** What XML takes for white space (section 2.3), and nothing else; `trim` would take more. */
export function isBlank(text: string): boolean {
    return /^[ \t\r\n]*$/.test(text);
}
