import js from "@eslint/js";
import boundaries from "eslint-plugin-boundaries";
import tseslint from "typescript-eslint";

/** The arrows of the layout: faces → resources → engine → (plan, backends) → (model, xml). A backend knows nothing of another; those on qcow2 files share disks, those over snapshot trees of the host’s own native. */
const arrows = [
    { from: "xml", allow: ["model"] },
    { from: "plan", allow: ["model", "xml"] },
    { from: "disks", allow: ["model", "xml", "backend-interface"] },
    { from: "native", allow: ["model", "backend-interface"] },
    { from: "backend", allow: ["model", "xml", "disks", "native", "backend-interface"] },
    { from: "backend-interface", allow: ["model", "xml"] },
    { from: "connect", allow: ["model", "backend-interface", "backend"] },
    { from: "engine", allow: ["model", "xml", "plan", "backend-interface", "connect"] },
    { from: "resources", allow: ["model", "engine", "generated"] },
    { from: "dynamic", allow: ["model", "engine", "resources"] },
    { from: "cli", allow: ["model", "engine", "resources"] },
    { from: "sdk", allow: ["model", "engine", "generated", "resources", "dynamic"] },
    { from: "generated", allow: [] },
];

/** The files that are places of their own in the layout; everything else is a folder. */
const files = { "backend-interface": "provider/backends/backend.ts", connect: "provider/backends/connect.ts" };

const element = (type) => (type in files ? { file: { categories: [type] } } : { element: { type } });
const policy = (from, to) => ({ from: element(from), allow: to.map((each) => ({ to: each })) });

const folders = ["model", "xml", "plan", "disks", "native", "engine", "resources", "dynamic", "cli", "generated"];

export default tseslint.config(
    { ignores: ["dist/", "node_modules/", "provider/generated/", "coverage/"] },
    js.configs.recommended,
    {
        files: ["**/*.ts"],
        extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
        languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
        rules: {
            "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
            "@typescript-eslint/no-unused-vars": ["error", { varsIgnorePattern: "^_", argsIgnorePattern: "^_" }],
            "@typescript-eslint/consistent-type-imports": "error",
            "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true, ignoreVoidOperator: true }],
            "@typescript-eslint/no-meaningless-void-operator": "off",
            // Where an empty string means “none”, `||` is meant.
            "@typescript-eslint/prefer-nullish-coalescing": "off",
            "@typescript-eslint/prefer-optional-chain": "off",
            "@typescript-eslint/non-nullable-type-assertion-style": "off",
            "@typescript-eslint/no-misused-spread": "off",
            "@typescript-eslint/no-empty-function": "off",
            "@typescript-eslint/no-base-to-string": "off",
        },
    },
    {
        files: ["provider/**/*.ts", "sdk/**/*.ts"],
        plugins: { boundaries },
        settings: {
            "import/resolver": { typescript: { project: "./tsconfig.json" } },
            "boundaries/files": Object.entries(files).map(([category, pattern]) => ({ category, pattern })),
            "boundaries/elements": [
                { type: "backend", pattern: "provider/backends/*", capture: ["backend"] },
                ...folders.map((type) => ({ type, pattern: `provider/${type}` })),
                { type: "sdk", pattern: "sdk" },
            ],
        },
        rules: {
            "boundaries/no-unknown-files": "error",
            "boundaries/dependencies": [
                "error",
                {
                    default: "disallow",
                    policies: [
                        ...arrows.map(({ from, allow }) => policy(from, allow.map(element))),
                        ...[...folders, "sdk"].map((type) => policy(type, [element(type)])),
                        // Of a backend, only the same backend: its name is the same.
                        policy("backend", [{ element: { type: "backend", captured: { backend: "{{from.element.captured.backend}}" } } }]),
                    ],
                },
            ],
        },
    },
    {
        files: ["test/**/*.ts", "bench/**/*.ts", "examples/**/*.ts"],
        rules: {
            "@typescript-eslint/no-non-null-assertion": "off",
            "@typescript-eslint/unbound-method": "off",
            // jest's matchers are of the type any.
            "@typescript-eslint/no-unsafe-argument": "off",
            "@typescript-eslint/no-unsafe-assignment": "off",
            "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
        },
    },
    {
        files: ["**/*.js", "**/*.mjs", "bin/*"],
        languageOptions: { globals: { console: "readonly", process: "readonly", module: "writable", require: "readonly" } },
    },
);
