import { DataLossError, formatBytes } from "../../provider/model";

test.each<[number, string]>([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1 KiB"],
    [1536, "1.5 KiB"],
    [1024 ** 2 - 1, "1 MiB"],
    [1.5 * 1024 ** 2, "1.5 MiB"],
    [20 * 1024 ** 3, "20 GiB"],
    [5000 * 1024 ** 6, "5000 EiB"],
])("%d bytes are %s to people", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
});

describe("a loss that nobody agreed to", () => {
    test("is named with its size where that is known", () => {
        const error = new DataLossError("switching", ["branch:x", "tip"], { "branch:x": 1_572_864 });
        expect(error.message).toBe("switching would lose branch:x (1.5 MiB), tip; nothing was done. Keep it first, or accept the loss with force");
        expect(error.details).toEqual({ losses: ["branch:x", "tip"], sizes: { "branch:x": 1_572_864 } });
    });

    test("is named without one where nobody asked for sizes", () => {
        expect(new DataLossError("switching", ["tip"]).details).toEqual({ losses: ["tip"] });
    });

    test("can't forge a line", () => {
        expect(new DataLossError("it", ["branch:a\nb"]).message).toContain(String.raw`would lose "branch:a\nb";`);
    });
});
