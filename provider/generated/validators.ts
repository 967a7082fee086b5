/* eslint-disable */
// @ts-nocheck
// Generated from schema/schema.json by “npm run generate”; change the schema instead.
"use strict";
export const validateSnapshot = validate10;
const schema11 = {
    type: "object",
    properties: {
        host: { type: "string", expected: "text" },
        password: { type: "string", expected: "text", secret: true },
        domain: { type: "string", expected: "text" },
        name: { type: "string", expected: "text" },
        parent: { type: "string", expected: "text that is not empty", pattern: "[^]" },
        parentId: { type: "string", expected: "text" },
        parentContentId: { type: "string", expected: "text" },
        description: { type: "string", expected: "text" },
        provision: {
            type: "array",
            items: {
                type: "object",
                properties: {
                    command: {
                        type: "array",
                        items: { type: "string", expected: "text", secret: true },
                        expected: "a list of texts that is not empty",
                        secret: true,
                        minItems: 1,
                        hint: 'write the program and each argument as an item of its own, for example ["sh", "-c", "…"]',
                    },
                    env: {
                        type: "object",
                        additionalProperties: { type: "string", expected: "text", secret: true },
                        expected: "an object of texts",
                        secret: true,
                    },
                    timeout: { type: "number", expected: "a number above 0", exclusiveMinimum: 0, hint: "give it in seconds" },
                    cwd: { type: "string", expected: "text" },
                },
                patternProperties: { "^__": {} },
                additionalProperties: false,
                required: ["command"],
                expected: "an object",
            },
            expected: "a list of objects",
        },
        powerState: { enum: ["shutoff", "running"], expected: '"shutoff" or "running"' },
        leave: { enum: ["refuse", "shutdown", "checkpoint", "destroy"], expected: '"refuse", "shutdown", "checkpoint" or "destroy"' },
        diskOnly: { type: "boolean", expected: "true or false" },
        memoryFile: { type: "string", expected: "text that is not empty", pattern: "[^]" },
        mode: { enum: ["internal", "external"], expected: '"internal" or "external"' },
        quiesce: { type: "boolean", expected: "true or false" },
        compression: { type: "string", expected: "text that is not empty", pattern: "[^]" },
        disks: {
            type: "object",
            additionalProperties: {
                type: "object",
                properties: {
                    snapshot: { enum: ["internal", "external", "no"], expected: '"internal", "external" or "no"' },
                    file: { type: "string", expected: "text that is not empty", pattern: "[^]" },
                    driver: { type: "string", expected: "text" },
                },
                patternProperties: { "^__": {} },
                additionalProperties: false,
                required: [],
                expected: "an object",
            },
            expected: "an object of objects",
        },
        halt: { type: "boolean", expected: "true or false" },
        atomic: { type: "boolean", expected: "true or false" },
        live: { type: "boolean", expected: "true or false" },
        reuseExternal: { type: "boolean", expected: "true or false" },
        redefine: { type: "boolean", expected: "true or false" },
        current: { type: "boolean", expected: "true or false" },
        creationTime: { type: "integer", expected: "a whole number of at least 0", minimum: 0, hint: "give whole seconds since 1970" },
        state: {
            enum: ["nostate", "running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended", "disk-snapshot"],
            expected: '"nostate", "running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended" or "disk-snapshot"',
        },
        xml: { type: "string", expected: "text that is not empty", secret: true, pattern: "[^]" },
        noMetadata: { type: "boolean", expected: "true or false" },
        onDelete: { enum: ["keepChildren", "subtree", "children", "metadata"], expected: '"keepChildren", "subtree", "children" or "metadata"' },
        triggers: { type: "array", items: { expected: "any value" }, expected: "a list" },
        force: {
            anyOf: [
                { type: "boolean", expected: "true or false" },
                { type: "array", items: { type: "string", expected: "text" }, expected: "a list of texts" },
            ],
            expected: "true or false, or a list of texts",
        },
    },
    patternProperties: { "^__": {} },
    additionalProperties: false,
    required: ["domain"],
    expected: "an object",
};
const func2 = Object.prototype.hasOwnProperty;
const pattern0 = new RegExp("^__", "u");
const pattern1 = new RegExp("[^]", "u");

function validate10(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
    let vErrors = null;
    let errors = 0;
    if (data && typeof data == "object" && !Array.isArray(data)) {
        if (data.domain === undefined) {
            const err0 = {
                instancePath,
                schemaPath: "#/required",
                keyword: "required",
                params: { missingProperty: "domain" },
                message: "must have required property '" + "domain" + "'",
                schema: schema11.required,
                parentSchema: schema11,
                data,
            };
            if (vErrors === null) {
                vErrors = [err0];
            } else {
                vErrors.push(err0);
            }
            errors++;
        }
        for (const key0 in data) {
            if (!(func2.call(schema11.properties, key0) || pattern0.test(key0))) {
                const err1 = {
                    instancePath,
                    schemaPath: "#/additionalProperties",
                    keyword: "additionalProperties",
                    params: { additionalProperty: key0 },
                    message: "must NOT have additional properties",
                    schema: false,
                    parentSchema: schema11,
                    data,
                };
                if (vErrors === null) {
                    vErrors = [err1];
                } else {
                    vErrors.push(err1);
                }
                errors++;
            }
        }
        if (data.host !== undefined) {
            let data0 = data.host;
            if (typeof data0 !== "string") {
                const err2 = {
                    instancePath: instancePath + "/host",
                    schemaPath: "#/properties/host/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema11.properties.host.type,
                    parentSchema: schema11.properties.host,
                    data: data0,
                };
                if (vErrors === null) {
                    vErrors = [err2];
                } else {
                    vErrors.push(err2);
                }
                errors++;
            }
        }
        if (data.password !== undefined) {
            let data1 = data.password;
            if (typeof data1 !== "string") {
                const err3 = {
                    instancePath: instancePath + "/password",
                    schemaPath: "#/properties/password/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema11.properties.password.type,
                    parentSchema: schema11.properties.password,
                    data: data1,
                };
                if (vErrors === null) {
                    vErrors = [err3];
                } else {
                    vErrors.push(err3);
                }
                errors++;
            }
        }
        if (data.domain !== undefined) {
            let data2 = data.domain;
            if (typeof data2 !== "string") {
                const err4 = {
                    instancePath: instancePath + "/domain",
                    schemaPath: "#/properties/domain/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema11.properties.domain.type,
                    parentSchema: schema11.properties.domain,
                    data: data2,
                };
                if (vErrors === null) {
                    vErrors = [err4];
                } else {
                    vErrors.push(err4);
                }
                errors++;
            }
        }
        if (data.name !== undefined) {
            let data3 = data.name;
            if (typeof data3 !== "string") {
                const err5 = {
                    instancePath: instancePath + "/name",
                    schemaPath: "#/properties/name/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema11.properties.name.type,
                    parentSchema: schema11.properties.name,
                    data: data3,
                };
                if (vErrors === null) {
                    vErrors = [err5];
                } else {
                    vErrors.push(err5);
                }
                errors++;
            }
        }
        if (data.parent !== undefined) {
            let data4 = data.parent;
            if (typeof data4 === "string") {
                if (!pattern1.test(data4)) {
                    const err6 = {
                        instancePath: instancePath + "/parent",
                        schemaPath: "#/properties/parent/pattern",
                        keyword: "pattern",
                        params: { pattern: "[^]" },
                        message: 'must match pattern "' + "[^]" + '"',
                        schema: "[^]",
                        parentSchema: schema11.properties.parent,
                        data: data4,
                    };
                    if (vErrors === null) {
                        vErrors = [err6];
                    } else {
                        vErrors.push(err6);
                    }
                    errors++;
                }
            } else {
                const err7 = {
                    instancePath: instancePath + "/parent",
                    schemaPath: "#/properties/parent/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema11.properties.parent.type,
                    parentSchema: schema11.properties.parent,
                    data: data4,
                };
                if (vErrors === null) {
                    vErrors = [err7];
                } else {
                    vErrors.push(err7);
                }
                errors++;
            }
        }
        if (data.parentId !== undefined) {
            let data5 = data.parentId;
            if (typeof data5 !== "string") {
                const err8 = {
                    instancePath: instancePath + "/parentId",
                    schemaPath: "#/properties/parentId/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema11.properties.parentId.type,
                    parentSchema: schema11.properties.parentId,
                    data: data5,
                };
                if (vErrors === null) {
                    vErrors = [err8];
                } else {
                    vErrors.push(err8);
                }
                errors++;
            }
        }
        if (data.parentContentId !== undefined) {
            let data6 = data.parentContentId;
            if (typeof data6 !== "string") {
                const err9 = {
                    instancePath: instancePath + "/parentContentId",
                    schemaPath: "#/properties/parentContentId/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema11.properties.parentContentId.type,
                    parentSchema: schema11.properties.parentContentId,
                    data: data6,
                };
                if (vErrors === null) {
                    vErrors = [err9];
                } else {
                    vErrors.push(err9);
                }
                errors++;
            }
        }
        if (data.description !== undefined) {
            let data7 = data.description;
            if (typeof data7 !== "string") {
                const err10 = {
                    instancePath: instancePath + "/description",
                    schemaPath: "#/properties/description/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema11.properties.description.type,
                    parentSchema: schema11.properties.description,
                    data: data7,
                };
                if (vErrors === null) {
                    vErrors = [err10];
                } else {
                    vErrors.push(err10);
                }
                errors++;
            }
        }
        if (data.provision !== undefined) {
            let data8 = data.provision;
            if (Array.isArray(data8)) {
                const len0 = data8.length;
                for (let i0 = 0; i0 < len0; i0++) {
                    let data9 = data8[i0];
                    if (data9 && typeof data9 == "object" && !Array.isArray(data9)) {
                        if (data9.command === undefined) {
                            const err11 = {
                                instancePath: instancePath + "/provision/" + i0,
                                schemaPath: "#/properties/provision/items/required",
                                keyword: "required",
                                params: { missingProperty: "command" },
                                message: "must have required property '" + "command" + "'",
                                schema: schema11.properties.provision.items.required,
                                parentSchema: schema11.properties.provision.items,
                                data: data9,
                            };
                            if (vErrors === null) {
                                vErrors = [err11];
                            } else {
                                vErrors.push(err11);
                            }
                            errors++;
                        }
                        for (const key1 in data9) {
                            if (!(key1 === "command" || key1 === "env" || key1 === "timeout" || key1 === "cwd" || pattern0.test(key1))) {
                                const err12 = {
                                    instancePath: instancePath + "/provision/" + i0,
                                    schemaPath: "#/properties/provision/items/additionalProperties",
                                    keyword: "additionalProperties",
                                    params: { additionalProperty: key1 },
                                    message: "must NOT have additional properties",
                                    schema: false,
                                    parentSchema: schema11.properties.provision.items,
                                    data: data9,
                                };
                                if (vErrors === null) {
                                    vErrors = [err12];
                                } else {
                                    vErrors.push(err12);
                                }
                                errors++;
                            }
                        }
                        if (data9.command !== undefined) {
                            let data10 = data9.command;
                            if (Array.isArray(data10)) {
                                if (data10.length < 1) {
                                    const err13 = {
                                        instancePath: instancePath + "/provision/" + i0 + "/command",
                                        schemaPath: "#/properties/provision/items/properties/command/minItems",
                                        keyword: "minItems",
                                        params: { limit: 1 },
                                        message: "must NOT have fewer than 1 items",
                                        schema: 1,
                                        parentSchema: schema11.properties.provision.items.properties.command,
                                        data: data10,
                                    };
                                    if (vErrors === null) {
                                        vErrors = [err13];
                                    } else {
                                        vErrors.push(err13);
                                    }
                                    errors++;
                                }
                                const len1 = data10.length;
                                for (let i1 = 0; i1 < len1; i1++) {
                                    let data11 = data10[i1];
                                    if (typeof data11 !== "string") {
                                        const err14 = {
                                            instancePath: instancePath + "/provision/" + i0 + "/command/" + i1,
                                            schemaPath: "#/properties/provision/items/properties/command/items/type",
                                            keyword: "type",
                                            params: { type: "string" },
                                            message: "must be string",
                                            schema: schema11.properties.provision.items.properties.command.items.type,
                                            parentSchema: schema11.properties.provision.items.properties.command.items,
                                            data: data11,
                                        };
                                        if (vErrors === null) {
                                            vErrors = [err14];
                                        } else {
                                            vErrors.push(err14);
                                        }
                                        errors++;
                                    }
                                }
                            } else {
                                const err15 = {
                                    instancePath: instancePath + "/provision/" + i0 + "/command",
                                    schemaPath: "#/properties/provision/items/properties/command/type",
                                    keyword: "type",
                                    params: { type: "array" },
                                    message: "must be array",
                                    schema: schema11.properties.provision.items.properties.command.type,
                                    parentSchema: schema11.properties.provision.items.properties.command,
                                    data: data10,
                                };
                                if (vErrors === null) {
                                    vErrors = [err15];
                                } else {
                                    vErrors.push(err15);
                                }
                                errors++;
                            }
                        }
                        if (data9.env !== undefined) {
                            let data12 = data9.env;
                            if (data12 && typeof data12 == "object" && !Array.isArray(data12)) {
                                for (const key2 in data12) {
                                    let data13 = data12[key2];
                                    if (typeof data13 !== "string") {
                                        const err16 = {
                                            instancePath: instancePath + "/provision/" + i0 + "/env/" + key2.replace(/~/g, "~0").replace(/\//g, "~1"),
                                            schemaPath: "#/properties/provision/items/properties/env/additionalProperties/type",
                                            keyword: "type",
                                            params: { type: "string" },
                                            message: "must be string",
                                            schema: schema11.properties.provision.items.properties.env.additionalProperties.type,
                                            parentSchema: schema11.properties.provision.items.properties.env.additionalProperties,
                                            data: data13,
                                        };
                                        if (vErrors === null) {
                                            vErrors = [err16];
                                        } else {
                                            vErrors.push(err16);
                                        }
                                        errors++;
                                    }
                                }
                            } else {
                                const err17 = {
                                    instancePath: instancePath + "/provision/" + i0 + "/env",
                                    schemaPath: "#/properties/provision/items/properties/env/type",
                                    keyword: "type",
                                    params: { type: "object" },
                                    message: "must be object",
                                    schema: schema11.properties.provision.items.properties.env.type,
                                    parentSchema: schema11.properties.provision.items.properties.env,
                                    data: data12,
                                };
                                if (vErrors === null) {
                                    vErrors = [err17];
                                } else {
                                    vErrors.push(err17);
                                }
                                errors++;
                            }
                        }
                        if (data9.timeout !== undefined) {
                            let data14 = data9.timeout;
                            if (typeof data14 == "number" && isFinite(data14)) {
                                if (data14 <= 0 || isNaN(data14)) {
                                    const err18 = {
                                        instancePath: instancePath + "/provision/" + i0 + "/timeout",
                                        schemaPath: "#/properties/provision/items/properties/timeout/exclusiveMinimum",
                                        keyword: "exclusiveMinimum",
                                        params: { comparison: ">", limit: 0 },
                                        message: "must be > 0",
                                        schema: 0,
                                        parentSchema: schema11.properties.provision.items.properties.timeout,
                                        data: data14,
                                    };
                                    if (vErrors === null) {
                                        vErrors = [err18];
                                    } else {
                                        vErrors.push(err18);
                                    }
                                    errors++;
                                }
                            } else {
                                const err19 = {
                                    instancePath: instancePath + "/provision/" + i0 + "/timeout",
                                    schemaPath: "#/properties/provision/items/properties/timeout/type",
                                    keyword: "type",
                                    params: { type: "number" },
                                    message: "must be number",
                                    schema: schema11.properties.provision.items.properties.timeout.type,
                                    parentSchema: schema11.properties.provision.items.properties.timeout,
                                    data: data14,
                                };
                                if (vErrors === null) {
                                    vErrors = [err19];
                                } else {
                                    vErrors.push(err19);
                                }
                                errors++;
                            }
                        }
                        if (data9.cwd !== undefined) {
                            let data15 = data9.cwd;
                            if (typeof data15 !== "string") {
                                const err20 = {
                                    instancePath: instancePath + "/provision/" + i0 + "/cwd",
                                    schemaPath: "#/properties/provision/items/properties/cwd/type",
                                    keyword: "type",
                                    params: { type: "string" },
                                    message: "must be string",
                                    schema: schema11.properties.provision.items.properties.cwd.type,
                                    parentSchema: schema11.properties.provision.items.properties.cwd,
                                    data: data15,
                                };
                                if (vErrors === null) {
                                    vErrors = [err20];
                                } else {
                                    vErrors.push(err20);
                                }
                                errors++;
                            }
                        }
                    } else {
                        const err21 = {
                            instancePath: instancePath + "/provision/" + i0,
                            schemaPath: "#/properties/provision/items/type",
                            keyword: "type",
                            params: { type: "object" },
                            message: "must be object",
                            schema: schema11.properties.provision.items.type,
                            parentSchema: schema11.properties.provision.items,
                            data: data9,
                        };
                        if (vErrors === null) {
                            vErrors = [err21];
                        } else {
                            vErrors.push(err21);
                        }
                        errors++;
                    }
                }
            } else {
                const err22 = {
                    instancePath: instancePath + "/provision",
                    schemaPath: "#/properties/provision/type",
                    keyword: "type",
                    params: { type: "array" },
                    message: "must be array",
                    schema: schema11.properties.provision.type,
                    parentSchema: schema11.properties.provision,
                    data: data8,
                };
                if (vErrors === null) {
                    vErrors = [err22];
                } else {
                    vErrors.push(err22);
                }
                errors++;
            }
        }
        if (data.powerState !== undefined) {
            let data16 = data.powerState;
            if (!(data16 === "shutoff" || data16 === "running")) {
                const err23 = {
                    instancePath: instancePath + "/powerState",
                    schemaPath: "#/properties/powerState/enum",
                    keyword: "enum",
                    params: { allowedValues: schema11.properties.powerState.enum },
                    message: "must be equal to one of the allowed values",
                    schema: schema11.properties.powerState.enum,
                    parentSchema: schema11.properties.powerState,
                    data: data16,
                };
                if (vErrors === null) {
                    vErrors = [err23];
                } else {
                    vErrors.push(err23);
                }
                errors++;
            }
        }
        if (data.leave !== undefined) {
            let data17 = data.leave;
            if (!(data17 === "refuse" || data17 === "shutdown" || data17 === "checkpoint" || data17 === "destroy")) {
                const err24 = {
                    instancePath: instancePath + "/leave",
                    schemaPath: "#/properties/leave/enum",
                    keyword: "enum",
                    params: { allowedValues: schema11.properties.leave.enum },
                    message: "must be equal to one of the allowed values",
                    schema: schema11.properties.leave.enum,
                    parentSchema: schema11.properties.leave,
                    data: data17,
                };
                if (vErrors === null) {
                    vErrors = [err24];
                } else {
                    vErrors.push(err24);
                }
                errors++;
            }
        }
        if (data.diskOnly !== undefined) {
            let data18 = data.diskOnly;
            if (typeof data18 !== "boolean") {
                const err25 = {
                    instancePath: instancePath + "/diskOnly",
                    schemaPath: "#/properties/diskOnly/type",
                    keyword: "type",
                    params: { type: "boolean" },
                    message: "must be boolean",
                    schema: schema11.properties.diskOnly.type,
                    parentSchema: schema11.properties.diskOnly,
                    data: data18,
                };
                if (vErrors === null) {
                    vErrors = [err25];
                } else {
                    vErrors.push(err25);
                }
                errors++;
            }
        }
        if (data.memoryFile !== undefined) {
            let data19 = data.memoryFile;
            if (typeof data19 === "string") {
                if (!pattern1.test(data19)) {
                    const err26 = {
                        instancePath: instancePath + "/memoryFile",
                        schemaPath: "#/properties/memoryFile/pattern",
                        keyword: "pattern",
                        params: { pattern: "[^]" },
                        message: 'must match pattern "' + "[^]" + '"',
                        schema: "[^]",
                        parentSchema: schema11.properties.memoryFile,
                        data: data19,
                    };
                    if (vErrors === null) {
                        vErrors = [err26];
                    } else {
                        vErrors.push(err26);
                    }
                    errors++;
                }
            } else {
                const err27 = {
                    instancePath: instancePath + "/memoryFile",
                    schemaPath: "#/properties/memoryFile/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema11.properties.memoryFile.type,
                    parentSchema: schema11.properties.memoryFile,
                    data: data19,
                };
                if (vErrors === null) {
                    vErrors = [err27];
                } else {
                    vErrors.push(err27);
                }
                errors++;
            }
        }
        if (data.mode !== undefined) {
            let data20 = data.mode;
            if (!(data20 === "internal" || data20 === "external")) {
                const err28 = {
                    instancePath: instancePath + "/mode",
                    schemaPath: "#/properties/mode/enum",
                    keyword: "enum",
                    params: { allowedValues: schema11.properties.mode.enum },
                    message: "must be equal to one of the allowed values",
                    schema: schema11.properties.mode.enum,
                    parentSchema: schema11.properties.mode,
                    data: data20,
                };
                if (vErrors === null) {
                    vErrors = [err28];
                } else {
                    vErrors.push(err28);
                }
                errors++;
            }
        }
        if (data.quiesce !== undefined) {
            let data21 = data.quiesce;
            if (typeof data21 !== "boolean") {
                const err29 = {
                    instancePath: instancePath + "/quiesce",
                    schemaPath: "#/properties/quiesce/type",
                    keyword: "type",
                    params: { type: "boolean" },
                    message: "must be boolean",
                    schema: schema11.properties.quiesce.type,
                    parentSchema: schema11.properties.quiesce,
                    data: data21,
                };
                if (vErrors === null) {
                    vErrors = [err29];
                } else {
                    vErrors.push(err29);
                }
                errors++;
            }
        }
        if (data.compression !== undefined) {
            let data22 = data.compression;
            if (typeof data22 === "string") {
                if (!pattern1.test(data22)) {
                    const err30 = {
                        instancePath: instancePath + "/compression",
                        schemaPath: "#/properties/compression/pattern",
                        keyword: "pattern",
                        params: { pattern: "[^]" },
                        message: 'must match pattern "' + "[^]" + '"',
                        schema: "[^]",
                        parentSchema: schema11.properties.compression,
                        data: data22,
                    };
                    if (vErrors === null) {
                        vErrors = [err30];
                    } else {
                        vErrors.push(err30);
                    }
                    errors++;
                }
            } else {
                const err31 = {
                    instancePath: instancePath + "/compression",
                    schemaPath: "#/properties/compression/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema11.properties.compression.type,
                    parentSchema: schema11.properties.compression,
                    data: data22,
                };
                if (vErrors === null) {
                    vErrors = [err31];
                } else {
                    vErrors.push(err31);
                }
                errors++;
            }
        }
        if (data.disks !== undefined) {
            let data23 = data.disks;
            if (data23 && typeof data23 == "object" && !Array.isArray(data23)) {
                for (const key3 in data23) {
                    let data24 = data23[key3];
                    if (data24 && typeof data24 == "object" && !Array.isArray(data24)) {
                        for (const key4 in data24) {
                            if (!(key4 === "snapshot" || key4 === "file" || key4 === "driver" || pattern0.test(key4))) {
                                const err32 = {
                                    instancePath: instancePath + "/disks/" + key3.replace(/~/g, "~0").replace(/\//g, "~1"),
                                    schemaPath: "#/properties/disks/additionalProperties/additionalProperties",
                                    keyword: "additionalProperties",
                                    params: { additionalProperty: key4 },
                                    message: "must NOT have additional properties",
                                    schema: false,
                                    parentSchema: schema11.properties.disks.additionalProperties,
                                    data: data24,
                                };
                                if (vErrors === null) {
                                    vErrors = [err32];
                                } else {
                                    vErrors.push(err32);
                                }
                                errors++;
                            }
                        }
                        if (data24.snapshot !== undefined) {
                            let data25 = data24.snapshot;
                            if (!(data25 === "internal" || data25 === "external" || data25 === "no")) {
                                const err33 = {
                                    instancePath: instancePath + "/disks/" + key3.replace(/~/g, "~0").replace(/\//g, "~1") + "/snapshot",
                                    schemaPath: "#/properties/disks/additionalProperties/properties/snapshot/enum",
                                    keyword: "enum",
                                    params: { allowedValues: schema11.properties.disks.additionalProperties.properties.snapshot.enum },
                                    message: "must be equal to one of the allowed values",
                                    schema: schema11.properties.disks.additionalProperties.properties.snapshot.enum,
                                    parentSchema: schema11.properties.disks.additionalProperties.properties.snapshot,
                                    data: data25,
                                };
                                if (vErrors === null) {
                                    vErrors = [err33];
                                } else {
                                    vErrors.push(err33);
                                }
                                errors++;
                            }
                        }
                        if (data24.file !== undefined) {
                            let data26 = data24.file;
                            if (typeof data26 === "string") {
                                if (!pattern1.test(data26)) {
                                    const err34 = {
                                        instancePath: instancePath + "/disks/" + key3.replace(/~/g, "~0").replace(/\//g, "~1") + "/file",
                                        schemaPath: "#/properties/disks/additionalProperties/properties/file/pattern",
                                        keyword: "pattern",
                                        params: { pattern: "[^]" },
                                        message: 'must match pattern "' + "[^]" + '"',
                                        schema: "[^]",
                                        parentSchema: schema11.properties.disks.additionalProperties.properties.file,
                                        data: data26,
                                    };
                                    if (vErrors === null) {
                                        vErrors = [err34];
                                    } else {
                                        vErrors.push(err34);
                                    }
                                    errors++;
                                }
                            } else {
                                const err35 = {
                                    instancePath: instancePath + "/disks/" + key3.replace(/~/g, "~0").replace(/\//g, "~1") + "/file",
                                    schemaPath: "#/properties/disks/additionalProperties/properties/file/type",
                                    keyword: "type",
                                    params: { type: "string" },
                                    message: "must be string",
                                    schema: schema11.properties.disks.additionalProperties.properties.file.type,
                                    parentSchema: schema11.properties.disks.additionalProperties.properties.file,
                                    data: data26,
                                };
                                if (vErrors === null) {
                                    vErrors = [err35];
                                } else {
                                    vErrors.push(err35);
                                }
                                errors++;
                            }
                        }
                        if (data24.driver !== undefined) {
                            let data27 = data24.driver;
                            if (typeof data27 !== "string") {
                                const err36 = {
                                    instancePath: instancePath + "/disks/" + key3.replace(/~/g, "~0").replace(/\//g, "~1") + "/driver",
                                    schemaPath: "#/properties/disks/additionalProperties/properties/driver/type",
                                    keyword: "type",
                                    params: { type: "string" },
                                    message: "must be string",
                                    schema: schema11.properties.disks.additionalProperties.properties.driver.type,
                                    parentSchema: schema11.properties.disks.additionalProperties.properties.driver,
                                    data: data27,
                                };
                                if (vErrors === null) {
                                    vErrors = [err36];
                                } else {
                                    vErrors.push(err36);
                                }
                                errors++;
                            }
                        }
                    } else {
                        const err37 = {
                            instancePath: instancePath + "/disks/" + key3.replace(/~/g, "~0").replace(/\//g, "~1"),
                            schemaPath: "#/properties/disks/additionalProperties/type",
                            keyword: "type",
                            params: { type: "object" },
                            message: "must be object",
                            schema: schema11.properties.disks.additionalProperties.type,
                            parentSchema: schema11.properties.disks.additionalProperties,
                            data: data24,
                        };
                        if (vErrors === null) {
                            vErrors = [err37];
                        } else {
                            vErrors.push(err37);
                        }
                        errors++;
                    }
                }
            } else {
                const err38 = {
                    instancePath: instancePath + "/disks",
                    schemaPath: "#/properties/disks/type",
                    keyword: "type",
                    params: { type: "object" },
                    message: "must be object",
                    schema: schema11.properties.disks.type,
                    parentSchema: schema11.properties.disks,
                    data: data23,
                };
                if (vErrors === null) {
                    vErrors = [err38];
                } else {
                    vErrors.push(err38);
                }
                errors++;
            }
        }
        if (data.halt !== undefined) {
            let data28 = data.halt;
            if (typeof data28 !== "boolean") {
                const err39 = {
                    instancePath: instancePath + "/halt",
                    schemaPath: "#/properties/halt/type",
                    keyword: "type",
                    params: { type: "boolean" },
                    message: "must be boolean",
                    schema: schema11.properties.halt.type,
                    parentSchema: schema11.properties.halt,
                    data: data28,
                };
                if (vErrors === null) {
                    vErrors = [err39];
                } else {
                    vErrors.push(err39);
                }
                errors++;
            }
        }
        if (data.atomic !== undefined) {
            let data29 = data.atomic;
            if (typeof data29 !== "boolean") {
                const err40 = {
                    instancePath: instancePath + "/atomic",
                    schemaPath: "#/properties/atomic/type",
                    keyword: "type",
                    params: { type: "boolean" },
                    message: "must be boolean",
                    schema: schema11.properties.atomic.type,
                    parentSchema: schema11.properties.atomic,
                    data: data29,
                };
                if (vErrors === null) {
                    vErrors = [err40];
                } else {
                    vErrors.push(err40);
                }
                errors++;
            }
        }
        if (data.live !== undefined) {
            let data30 = data.live;
            if (typeof data30 !== "boolean") {
                const err41 = {
                    instancePath: instancePath + "/live",
                    schemaPath: "#/properties/live/type",
                    keyword: "type",
                    params: { type: "boolean" },
                    message: "must be boolean",
                    schema: schema11.properties.live.type,
                    parentSchema: schema11.properties.live,
                    data: data30,
                };
                if (vErrors === null) {
                    vErrors = [err41];
                } else {
                    vErrors.push(err41);
                }
                errors++;
            }
        }
        if (data.reuseExternal !== undefined) {
            let data31 = data.reuseExternal;
            if (typeof data31 !== "boolean") {
                const err42 = {
                    instancePath: instancePath + "/reuseExternal",
                    schemaPath: "#/properties/reuseExternal/type",
                    keyword: "type",
                    params: { type: "boolean" },
                    message: "must be boolean",
                    schema: schema11.properties.reuseExternal.type,
                    parentSchema: schema11.properties.reuseExternal,
                    data: data31,
                };
                if (vErrors === null) {
                    vErrors = [err42];
                } else {
                    vErrors.push(err42);
                }
                errors++;
            }
        }
        if (data.redefine !== undefined) {
            let data32 = data.redefine;
            if (typeof data32 !== "boolean") {
                const err43 = {
                    instancePath: instancePath + "/redefine",
                    schemaPath: "#/properties/redefine/type",
                    keyword: "type",
                    params: { type: "boolean" },
                    message: "must be boolean",
                    schema: schema11.properties.redefine.type,
                    parentSchema: schema11.properties.redefine,
                    data: data32,
                };
                if (vErrors === null) {
                    vErrors = [err43];
                } else {
                    vErrors.push(err43);
                }
                errors++;
            }
        }
        if (data.current !== undefined) {
            let data33 = data.current;
            if (typeof data33 !== "boolean") {
                const err44 = {
                    instancePath: instancePath + "/current",
                    schemaPath: "#/properties/current/type",
                    keyword: "type",
                    params: { type: "boolean" },
                    message: "must be boolean",
                    schema: schema11.properties.current.type,
                    parentSchema: schema11.properties.current,
                    data: data33,
                };
                if (vErrors === null) {
                    vErrors = [err44];
                } else {
                    vErrors.push(err44);
                }
                errors++;
            }
        }
        if (data.creationTime !== undefined) {
            let data34 = data.creationTime;
            if (!(typeof data34 == "number" && !(data34 % 1) && !isNaN(data34) && isFinite(data34))) {
                const err45 = {
                    instancePath: instancePath + "/creationTime",
                    schemaPath: "#/properties/creationTime/type",
                    keyword: "type",
                    params: { type: "integer" },
                    message: "must be integer",
                    schema: schema11.properties.creationTime.type,
                    parentSchema: schema11.properties.creationTime,
                    data: data34,
                };
                if (vErrors === null) {
                    vErrors = [err45];
                } else {
                    vErrors.push(err45);
                }
                errors++;
            }
            if (typeof data34 == "number" && isFinite(data34)) {
                if (data34 < 0 || isNaN(data34)) {
                    const err46 = {
                        instancePath: instancePath + "/creationTime",
                        schemaPath: "#/properties/creationTime/minimum",
                        keyword: "minimum",
                        params: { comparison: ">=", limit: 0 },
                        message: "must be >= 0",
                        schema: 0,
                        parentSchema: schema11.properties.creationTime,
                        data: data34,
                    };
                    if (vErrors === null) {
                        vErrors = [err46];
                    } else {
                        vErrors.push(err46);
                    }
                    errors++;
                }
            }
        }
        if (data.state !== undefined) {
            let data35 = data.state;
            if (!(
                data35 === "nostate" ||
                data35 === "running" ||
                data35 === "blocked" ||
                data35 === "paused" ||
                data35 === "shutdown" ||
                data35 === "shutoff" ||
                data35 === "crashed" ||
                data35 === "pmsuspended" ||
                data35 === "disk-snapshot"
            )) {
                const err47 = {
                    instancePath: instancePath + "/state",
                    schemaPath: "#/properties/state/enum",
                    keyword: "enum",
                    params: { allowedValues: schema11.properties.state.enum },
                    message: "must be equal to one of the allowed values",
                    schema: schema11.properties.state.enum,
                    parentSchema: schema11.properties.state,
                    data: data35,
                };
                if (vErrors === null) {
                    vErrors = [err47];
                } else {
                    vErrors.push(err47);
                }
                errors++;
            }
        }
        if (data.xml !== undefined) {
            let data36 = data.xml;
            if (typeof data36 === "string") {
                if (!pattern1.test(data36)) {
                    const err48 = {
                        instancePath: instancePath + "/xml",
                        schemaPath: "#/properties/xml/pattern",
                        keyword: "pattern",
                        params: { pattern: "[^]" },
                        message: 'must match pattern "' + "[^]" + '"',
                        schema: "[^]",
                        parentSchema: schema11.properties.xml,
                        data: data36,
                    };
                    if (vErrors === null) {
                        vErrors = [err48];
                    } else {
                        vErrors.push(err48);
                    }
                    errors++;
                }
            } else {
                const err49 = {
                    instancePath: instancePath + "/xml",
                    schemaPath: "#/properties/xml/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema11.properties.xml.type,
                    parentSchema: schema11.properties.xml,
                    data: data36,
                };
                if (vErrors === null) {
                    vErrors = [err49];
                } else {
                    vErrors.push(err49);
                }
                errors++;
            }
        }
        if (data.noMetadata !== undefined) {
            let data37 = data.noMetadata;
            if (typeof data37 !== "boolean") {
                const err50 = {
                    instancePath: instancePath + "/noMetadata",
                    schemaPath: "#/properties/noMetadata/type",
                    keyword: "type",
                    params: { type: "boolean" },
                    message: "must be boolean",
                    schema: schema11.properties.noMetadata.type,
                    parentSchema: schema11.properties.noMetadata,
                    data: data37,
                };
                if (vErrors === null) {
                    vErrors = [err50];
                } else {
                    vErrors.push(err50);
                }
                errors++;
            }
        }
        if (data.onDelete !== undefined) {
            let data38 = data.onDelete;
            if (!(data38 === "keepChildren" || data38 === "subtree" || data38 === "children" || data38 === "metadata")) {
                const err51 = {
                    instancePath: instancePath + "/onDelete",
                    schemaPath: "#/properties/onDelete/enum",
                    keyword: "enum",
                    params: { allowedValues: schema11.properties.onDelete.enum },
                    message: "must be equal to one of the allowed values",
                    schema: schema11.properties.onDelete.enum,
                    parentSchema: schema11.properties.onDelete,
                    data: data38,
                };
                if (vErrors === null) {
                    vErrors = [err51];
                } else {
                    vErrors.push(err51);
                }
                errors++;
            }
        }
        if (data.triggers !== undefined) {
            let data39 = data.triggers;
            if (!Array.isArray(data39)) {
                const err52 = {
                    instancePath: instancePath + "/triggers",
                    schemaPath: "#/properties/triggers/type",
                    keyword: "type",
                    params: { type: "array" },
                    message: "must be array",
                    schema: schema11.properties.triggers.type,
                    parentSchema: schema11.properties.triggers,
                    data: data39,
                };
                if (vErrors === null) {
                    vErrors = [err52];
                } else {
                    vErrors.push(err52);
                }
                errors++;
            }
        }
        if (data.force !== undefined) {
            let data40 = data.force;
            const _errs81 = errors;
            let valid9 = false;
            const _errs82 = errors;
            if (typeof data40 !== "boolean") {
                const err53 = {
                    instancePath: instancePath + "/force",
                    schemaPath: "#/properties/force/anyOf/0/type",
                    keyword: "type",
                    params: { type: "boolean" },
                    message: "must be boolean",
                    schema: schema11.properties.force.anyOf[0].type,
                    parentSchema: schema11.properties.force.anyOf[0],
                    data: data40,
                };
                if (vErrors === null) {
                    vErrors = [err53];
                } else {
                    vErrors.push(err53);
                }
                errors++;
            }
            var _valid0 = _errs82 === errors;
            valid9 = valid9 || _valid0;
            if (!valid9) {
                const _errs84 = errors;
                if (Array.isArray(data40)) {
                    const len2 = data40.length;
                    for (let i2 = 0; i2 < len2; i2++) {
                        let data41 = data40[i2];
                        if (typeof data41 !== "string") {
                            const err54 = {
                                instancePath: instancePath + "/force/" + i2,
                                schemaPath: "#/properties/force/anyOf/1/items/type",
                                keyword: "type",
                                params: { type: "string" },
                                message: "must be string",
                                schema: schema11.properties.force.anyOf[1].items.type,
                                parentSchema: schema11.properties.force.anyOf[1].items,
                                data: data41,
                            };
                            if (vErrors === null) {
                                vErrors = [err54];
                            } else {
                                vErrors.push(err54);
                            }
                            errors++;
                        }
                    }
                } else {
                    const err55 = {
                        instancePath: instancePath + "/force",
                        schemaPath: "#/properties/force/anyOf/1/type",
                        keyword: "type",
                        params: { type: "array" },
                        message: "must be array",
                        schema: schema11.properties.force.anyOf[1].type,
                        parentSchema: schema11.properties.force.anyOf[1],
                        data: data40,
                    };
                    if (vErrors === null) {
                        vErrors = [err55];
                    } else {
                        vErrors.push(err55);
                    }
                    errors++;
                }
                var _valid0 = _errs84 === errors;
                valid9 = valid9 || _valid0;
            }
            if (!valid9) {
                const err56 = {
                    instancePath: instancePath + "/force",
                    schemaPath: "#/properties/force/anyOf",
                    keyword: "anyOf",
                    params: {},
                    message: "must match a schema in anyOf",
                    schema: schema11.properties.force.anyOf,
                    parentSchema: schema11.properties.force,
                    data: data40,
                };
                if (vErrors === null) {
                    vErrors = [err56];
                } else {
                    vErrors.push(err56);
                }
                errors++;
            } else {
                errors = _errs81;
                if (vErrors !== null) {
                    if (_errs81) {
                        vErrors.length = _errs81;
                    } else {
                        vErrors = null;
                    }
                }
            }
        }
    } else {
        const err57 = {
            instancePath,
            schemaPath: "#/type",
            keyword: "type",
            params: { type: "object" },
            message: "must be object",
            schema: schema11.type,
            parentSchema: schema11,
            data,
        };
        if (vErrors === null) {
            vErrors = [err57];
        } else {
            vErrors.push(err57);
        }
        errors++;
    }
    validate10.errors = vErrors;
    return errors === 0;
}

export const validateSnapshotBranch = validate11;
const schema12 = {
    type: "object",
    properties: {
        host: { type: "string", expected: "text" },
        password: { type: "string", expected: "text", secret: true },
        domain: { type: "string", expected: "text" },
        name: { type: "string", expected: "text" },
        from: { type: "string", expected: "text that is not empty", pattern: "[^]" },
        fromId: { type: "string", expected: "text" },
        fromContentId: { type: "string", expected: "text" },
        active: { type: "boolean", expected: "true or false" },
        activeElsewhere: { type: "boolean", expected: "true or false" },
        powerState: { enum: ["shutoff", "running", "paused"], expected: '"shutoff", "running" or "paused"' },
        leave: { enum: ["refuse", "shutdown", "checkpoint", "destroy"], expected: '"refuse", "shutdown", "checkpoint" or "destroy"' },
        resetOn: { expected: "any value" },
        onDelete: { enum: ["discard", "commit"], expected: '"discard" or "commit"' },
        force: {
            anyOf: [
                { type: "boolean", expected: "true or false" },
                { type: "array", items: { type: "string", expected: "text" }, expected: "a list of texts" },
            ],
            expected: "true or false, or a list of texts",
        },
    },
    patternProperties: { "^__": {} },
    additionalProperties: false,
    required: ["domain", "from"],
    expected: "an object",
};

function validate11(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
    let vErrors = null;
    let errors = 0;
    if (data && typeof data == "object" && !Array.isArray(data)) {
        if (data.domain === undefined) {
            const err0 = {
                instancePath,
                schemaPath: "#/required",
                keyword: "required",
                params: { missingProperty: "domain" },
                message: "must have required property '" + "domain" + "'",
                schema: schema12.required,
                parentSchema: schema12,
                data,
            };
            if (vErrors === null) {
                vErrors = [err0];
            } else {
                vErrors.push(err0);
            }
            errors++;
        }
        if (data.from === undefined) {
            const err1 = {
                instancePath,
                schemaPath: "#/required",
                keyword: "required",
                params: { missingProperty: "from" },
                message: "must have required property '" + "from" + "'",
                schema: schema12.required,
                parentSchema: schema12,
                data,
            };
            if (vErrors === null) {
                vErrors = [err1];
            } else {
                vErrors.push(err1);
            }
            errors++;
        }
        for (const key0 in data) {
            if (!(func2.call(schema12.properties, key0) || pattern0.test(key0))) {
                const err2 = {
                    instancePath,
                    schemaPath: "#/additionalProperties",
                    keyword: "additionalProperties",
                    params: { additionalProperty: key0 },
                    message: "must NOT have additional properties",
                    schema: false,
                    parentSchema: schema12,
                    data,
                };
                if (vErrors === null) {
                    vErrors = [err2];
                } else {
                    vErrors.push(err2);
                }
                errors++;
            }
        }
        if (data.host !== undefined) {
            let data0 = data.host;
            if (typeof data0 !== "string") {
                const err3 = {
                    instancePath: instancePath + "/host",
                    schemaPath: "#/properties/host/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema12.properties.host.type,
                    parentSchema: schema12.properties.host,
                    data: data0,
                };
                if (vErrors === null) {
                    vErrors = [err3];
                } else {
                    vErrors.push(err3);
                }
                errors++;
            }
        }
        if (data.password !== undefined) {
            let data1 = data.password;
            if (typeof data1 !== "string") {
                const err4 = {
                    instancePath: instancePath + "/password",
                    schemaPath: "#/properties/password/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema12.properties.password.type,
                    parentSchema: schema12.properties.password,
                    data: data1,
                };
                if (vErrors === null) {
                    vErrors = [err4];
                } else {
                    vErrors.push(err4);
                }
                errors++;
            }
        }
        if (data.domain !== undefined) {
            let data2 = data.domain;
            if (typeof data2 !== "string") {
                const err5 = {
                    instancePath: instancePath + "/domain",
                    schemaPath: "#/properties/domain/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema12.properties.domain.type,
                    parentSchema: schema12.properties.domain,
                    data: data2,
                };
                if (vErrors === null) {
                    vErrors = [err5];
                } else {
                    vErrors.push(err5);
                }
                errors++;
            }
        }
        if (data.name !== undefined) {
            let data3 = data.name;
            if (typeof data3 !== "string") {
                const err6 = {
                    instancePath: instancePath + "/name",
                    schemaPath: "#/properties/name/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema12.properties.name.type,
                    parentSchema: schema12.properties.name,
                    data: data3,
                };
                if (vErrors === null) {
                    vErrors = [err6];
                } else {
                    vErrors.push(err6);
                }
                errors++;
            }
        }
        if (data.from !== undefined) {
            let data4 = data.from;
            if (typeof data4 === "string") {
                if (!pattern1.test(data4)) {
                    const err7 = {
                        instancePath: instancePath + "/from",
                        schemaPath: "#/properties/from/pattern",
                        keyword: "pattern",
                        params: { pattern: "[^]" },
                        message: 'must match pattern "' + "[^]" + '"',
                        schema: "[^]",
                        parentSchema: schema12.properties.from,
                        data: data4,
                    };
                    if (vErrors === null) {
                        vErrors = [err7];
                    } else {
                        vErrors.push(err7);
                    }
                    errors++;
                }
            } else {
                const err8 = {
                    instancePath: instancePath + "/from",
                    schemaPath: "#/properties/from/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema12.properties.from.type,
                    parentSchema: schema12.properties.from,
                    data: data4,
                };
                if (vErrors === null) {
                    vErrors = [err8];
                } else {
                    vErrors.push(err8);
                }
                errors++;
            }
        }
        if (data.fromId !== undefined) {
            let data5 = data.fromId;
            if (typeof data5 !== "string") {
                const err9 = {
                    instancePath: instancePath + "/fromId",
                    schemaPath: "#/properties/fromId/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema12.properties.fromId.type,
                    parentSchema: schema12.properties.fromId,
                    data: data5,
                };
                if (vErrors === null) {
                    vErrors = [err9];
                } else {
                    vErrors.push(err9);
                }
                errors++;
            }
        }
        if (data.fromContentId !== undefined) {
            let data6 = data.fromContentId;
            if (typeof data6 !== "string") {
                const err10 = {
                    instancePath: instancePath + "/fromContentId",
                    schemaPath: "#/properties/fromContentId/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema12.properties.fromContentId.type,
                    parentSchema: schema12.properties.fromContentId,
                    data: data6,
                };
                if (vErrors === null) {
                    vErrors = [err10];
                } else {
                    vErrors.push(err10);
                }
                errors++;
            }
        }
        if (data.active !== undefined) {
            let data7 = data.active;
            if (typeof data7 !== "boolean") {
                const err11 = {
                    instancePath: instancePath + "/active",
                    schemaPath: "#/properties/active/type",
                    keyword: "type",
                    params: { type: "boolean" },
                    message: "must be boolean",
                    schema: schema12.properties.active.type,
                    parentSchema: schema12.properties.active,
                    data: data7,
                };
                if (vErrors === null) {
                    vErrors = [err11];
                } else {
                    vErrors.push(err11);
                }
                errors++;
            }
        }
        if (data.activeElsewhere !== undefined) {
            let data8 = data.activeElsewhere;
            if (typeof data8 !== "boolean") {
                const err12 = {
                    instancePath: instancePath + "/activeElsewhere",
                    schemaPath: "#/properties/activeElsewhere/type",
                    keyword: "type",
                    params: { type: "boolean" },
                    message: "must be boolean",
                    schema: schema12.properties.activeElsewhere.type,
                    parentSchema: schema12.properties.activeElsewhere,
                    data: data8,
                };
                if (vErrors === null) {
                    vErrors = [err12];
                } else {
                    vErrors.push(err12);
                }
                errors++;
            }
        }
        if (data.powerState !== undefined) {
            let data9 = data.powerState;
            if (!(data9 === "shutoff" || data9 === "running" || data9 === "paused")) {
                const err13 = {
                    instancePath: instancePath + "/powerState",
                    schemaPath: "#/properties/powerState/enum",
                    keyword: "enum",
                    params: { allowedValues: schema12.properties.powerState.enum },
                    message: "must be equal to one of the allowed values",
                    schema: schema12.properties.powerState.enum,
                    parentSchema: schema12.properties.powerState,
                    data: data9,
                };
                if (vErrors === null) {
                    vErrors = [err13];
                } else {
                    vErrors.push(err13);
                }
                errors++;
            }
        }
        if (data.leave !== undefined) {
            let data10 = data.leave;
            if (!(data10 === "refuse" || data10 === "shutdown" || data10 === "checkpoint" || data10 === "destroy")) {
                const err14 = {
                    instancePath: instancePath + "/leave",
                    schemaPath: "#/properties/leave/enum",
                    keyword: "enum",
                    params: { allowedValues: schema12.properties.leave.enum },
                    message: "must be equal to one of the allowed values",
                    schema: schema12.properties.leave.enum,
                    parentSchema: schema12.properties.leave,
                    data: data10,
                };
                if (vErrors === null) {
                    vErrors = [err14];
                } else {
                    vErrors.push(err14);
                }
                errors++;
            }
        }
        if (data.onDelete !== undefined) {
            let data11 = data.onDelete;
            if (!(data11 === "discard" || data11 === "commit")) {
                const err15 = {
                    instancePath: instancePath + "/onDelete",
                    schemaPath: "#/properties/onDelete/enum",
                    keyword: "enum",
                    params: { allowedValues: schema12.properties.onDelete.enum },
                    message: "must be equal to one of the allowed values",
                    schema: schema12.properties.onDelete.enum,
                    parentSchema: schema12.properties.onDelete,
                    data: data11,
                };
                if (vErrors === null) {
                    vErrors = [err15];
                } else {
                    vErrors.push(err15);
                }
                errors++;
            }
        }
        if (data.force !== undefined) {
            let data12 = data.force;
            const _errs24 = errors;
            let valid1 = false;
            const _errs25 = errors;
            if (typeof data12 !== "boolean") {
                const err16 = {
                    instancePath: instancePath + "/force",
                    schemaPath: "#/properties/force/anyOf/0/type",
                    keyword: "type",
                    params: { type: "boolean" },
                    message: "must be boolean",
                    schema: schema12.properties.force.anyOf[0].type,
                    parentSchema: schema12.properties.force.anyOf[0],
                    data: data12,
                };
                if (vErrors === null) {
                    vErrors = [err16];
                } else {
                    vErrors.push(err16);
                }
                errors++;
            }
            var _valid0 = _errs25 === errors;
            valid1 = valid1 || _valid0;
            if (!valid1) {
                const _errs27 = errors;
                if (Array.isArray(data12)) {
                    const len0 = data12.length;
                    for (let i0 = 0; i0 < len0; i0++) {
                        let data13 = data12[i0];
                        if (typeof data13 !== "string") {
                            const err17 = {
                                instancePath: instancePath + "/force/" + i0,
                                schemaPath: "#/properties/force/anyOf/1/items/type",
                                keyword: "type",
                                params: { type: "string" },
                                message: "must be string",
                                schema: schema12.properties.force.anyOf[1].items.type,
                                parentSchema: schema12.properties.force.anyOf[1].items,
                                data: data13,
                            };
                            if (vErrors === null) {
                                vErrors = [err17];
                            } else {
                                vErrors.push(err17);
                            }
                            errors++;
                        }
                    }
                } else {
                    const err18 = {
                        instancePath: instancePath + "/force",
                        schemaPath: "#/properties/force/anyOf/1/type",
                        keyword: "type",
                        params: { type: "array" },
                        message: "must be array",
                        schema: schema12.properties.force.anyOf[1].type,
                        parentSchema: schema12.properties.force.anyOf[1],
                        data: data12,
                    };
                    if (vErrors === null) {
                        vErrors = [err18];
                    } else {
                        vErrors.push(err18);
                    }
                    errors++;
                }
                var _valid0 = _errs27 === errors;
                valid1 = valid1 || _valid0;
            }
            if (!valid1) {
                const err19 = {
                    instancePath: instancePath + "/force",
                    schemaPath: "#/properties/force/anyOf",
                    keyword: "anyOf",
                    params: {},
                    message: "must match a schema in anyOf",
                    schema: schema12.properties.force.anyOf,
                    parentSchema: schema12.properties.force,
                    data: data12,
                };
                if (vErrors === null) {
                    vErrors = [err19];
                } else {
                    vErrors.push(err19);
                }
                errors++;
            } else {
                errors = _errs24;
                if (vErrors !== null) {
                    if (_errs24) {
                        vErrors.length = _errs24;
                    } else {
                        vErrors = null;
                    }
                }
            }
        }
    } else {
        const err20 = {
            instancePath,
            schemaPath: "#/type",
            keyword: "type",
            params: { type: "object" },
            message: "must be object",
            schema: schema12.type,
            parentSchema: schema12,
            data,
        };
        if (vErrors === null) {
            vErrors = [err20];
        } else {
            vErrors.push(err20);
        }
        errors++;
    }
    validate11.errors = vErrors;
    return errors === 0;
}

export const validateSnapshotTree = validate12;
const schema13 = {
    type: "object",
    properties: {
        host: { type: "string", expected: "text" },
        password: { type: "string", expected: "text", secret: true },
        domain: { type: "string", expected: "text" },
        snapshots: {
            type: "object",
            additionalProperties: {
                type: "object",
                properties: {
                    parent: { type: "string", expected: "text that is not empty", pattern: "[^]" },
                    description: { type: "string", expected: "text" },
                    provision: {
                        type: "array",
                        items: {
                            type: "object",
                            properties: {
                                command: {
                                    type: "array",
                                    items: { type: "string", expected: "text", secret: true },
                                    expected: "a list of texts that is not empty",
                                    secret: true,
                                    minItems: 1,
                                    hint: 'write the program and each argument as an item of its own, for example ["sh", "-c", "…"]',
                                },
                                env: {
                                    type: "object",
                                    additionalProperties: { type: "string", expected: "text", secret: true },
                                    expected: "an object of texts",
                                    secret: true,
                                },
                                timeout: { type: "number", expected: "a number above 0", exclusiveMinimum: 0, hint: "give it in seconds" },
                                cwd: { type: "string", expected: "text" },
                            },
                            patternProperties: { "^__": {} },
                            additionalProperties: false,
                            required: ["command"],
                            expected: "an object",
                        },
                        expected: "a list of objects",
                    },
                    mode: { enum: ["internal", "external"], expected: '"internal" or "external"' },
                    diskOnly: { type: "boolean", expected: "true or false" },
                    memoryFile: { type: "string", expected: "text" },
                    quiesce: { type: "boolean", expected: "true or false" },
                    compression: { type: "string", expected: "text that is not empty", pattern: "[^]" },
                    disks: {
                        type: "object",
                        additionalProperties: {
                            type: "object",
                            properties: {
                                snapshot: { enum: ["internal", "external", "no"], expected: '"internal", "external" or "no"' },
                                file: { type: "string", expected: "text that is not empty", pattern: "[^]" },
                                driver: { type: "string", expected: "text" },
                            },
                            patternProperties: { "^__": {} },
                            additionalProperties: false,
                            required: [],
                            expected: "an object",
                        },
                        expected: "an object of objects",
                    },
                    halt: { type: "boolean", expected: "true or false" },
                    atomic: { type: "boolean", expected: "true or false" },
                    live: { type: "boolean", expected: "true or false" },
                    reuseExternal: { type: "boolean", expected: "true or false" },
                    triggers: { type: "array", items: { expected: "any value" }, expected: "a list" },
                    renamedFrom: { type: "string", expected: "text that is not empty", pattern: "[^]" },
                },
                patternProperties: { "^__": {} },
                additionalProperties: false,
                required: [],
                expected: "an object",
            },
            expected: "an object of objects",
        },
        branches: {
            type: "object",
            additionalProperties: {
                type: "object",
                properties: { from: { type: "string", expected: "text that is not empty", pattern: "[^]" } },
                patternProperties: { "^__": {} },
                additionalProperties: false,
                required: ["from"],
                expected: "an object",
            },
            expected: "an object of objects",
        },
        current: { type: "string", expected: "text that is not empty", pattern: "[^]" },
        prune: { enum: ["managed", "all", "none"], expected: '"managed", "all" or "none"' },
        force: {
            anyOf: [
                { type: "boolean", expected: "true or false" },
                { type: "array", items: { type: "string", expected: "text" }, expected: "a list of texts" },
            ],
            expected: "true or false, or a list of texts",
        },
        owner: { type: "string", expected: "text" },
    },
    patternProperties: { "^__": {} },
    additionalProperties: false,
    required: ["domain", "snapshots"],
    expected: "an object",
};

function validate12(data, { instancePath = "", parentData, parentDataProperty, rootData = data } = {}) {
    let vErrors = null;
    let errors = 0;
    if (data && typeof data == "object" && !Array.isArray(data)) {
        if (data.domain === undefined) {
            const err0 = {
                instancePath,
                schemaPath: "#/required",
                keyword: "required",
                params: { missingProperty: "domain" },
                message: "must have required property '" + "domain" + "'",
                schema: schema13.required,
                parentSchema: schema13,
                data,
            };
            if (vErrors === null) {
                vErrors = [err0];
            } else {
                vErrors.push(err0);
            }
            errors++;
        }
        if (data.snapshots === undefined) {
            const err1 = {
                instancePath,
                schemaPath: "#/required",
                keyword: "required",
                params: { missingProperty: "snapshots" },
                message: "must have required property '" + "snapshots" + "'",
                schema: schema13.required,
                parentSchema: schema13,
                data,
            };
            if (vErrors === null) {
                vErrors = [err1];
            } else {
                vErrors.push(err1);
            }
            errors++;
        }
        for (const key0 in data) {
            if (!(func2.call(schema13.properties, key0) || pattern0.test(key0))) {
                const err2 = {
                    instancePath,
                    schemaPath: "#/additionalProperties",
                    keyword: "additionalProperties",
                    params: { additionalProperty: key0 },
                    message: "must NOT have additional properties",
                    schema: false,
                    parentSchema: schema13,
                    data,
                };
                if (vErrors === null) {
                    vErrors = [err2];
                } else {
                    vErrors.push(err2);
                }
                errors++;
            }
        }
        if (data.host !== undefined) {
            let data0 = data.host;
            if (typeof data0 !== "string") {
                const err3 = {
                    instancePath: instancePath + "/host",
                    schemaPath: "#/properties/host/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema13.properties.host.type,
                    parentSchema: schema13.properties.host,
                    data: data0,
                };
                if (vErrors === null) {
                    vErrors = [err3];
                } else {
                    vErrors.push(err3);
                }
                errors++;
            }
        }
        if (data.password !== undefined) {
            let data1 = data.password;
            if (typeof data1 !== "string") {
                const err4 = {
                    instancePath: instancePath + "/password",
                    schemaPath: "#/properties/password/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema13.properties.password.type,
                    parentSchema: schema13.properties.password,
                    data: data1,
                };
                if (vErrors === null) {
                    vErrors = [err4];
                } else {
                    vErrors.push(err4);
                }
                errors++;
            }
        }
        if (data.domain !== undefined) {
            let data2 = data.domain;
            if (typeof data2 !== "string") {
                const err5 = {
                    instancePath: instancePath + "/domain",
                    schemaPath: "#/properties/domain/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema13.properties.domain.type,
                    parentSchema: schema13.properties.domain,
                    data: data2,
                };
                if (vErrors === null) {
                    vErrors = [err5];
                } else {
                    vErrors.push(err5);
                }
                errors++;
            }
        }
        if (data.snapshots !== undefined) {
            let data3 = data.snapshots;
            if (data3 && typeof data3 == "object" && !Array.isArray(data3)) {
                for (const key1 in data3) {
                    let data4 = data3[key1];
                    if (data4 && typeof data4 == "object" && !Array.isArray(data4)) {
                        for (const key2 in data4) {
                            if (!(func2.call(schema13.properties.snapshots.additionalProperties.properties, key2) || pattern0.test(key2))) {
                                const err6 = {
                                    instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1"),
                                    schemaPath: "#/properties/snapshots/additionalProperties/additionalProperties",
                                    keyword: "additionalProperties",
                                    params: { additionalProperty: key2 },
                                    message: "must NOT have additional properties",
                                    schema: false,
                                    parentSchema: schema13.properties.snapshots.additionalProperties,
                                    data: data4,
                                };
                                if (vErrors === null) {
                                    vErrors = [err6];
                                } else {
                                    vErrors.push(err6);
                                }
                                errors++;
                            }
                        }
                        if (data4.parent !== undefined) {
                            let data5 = data4.parent;
                            if (typeof data5 === "string") {
                                if (!pattern1.test(data5)) {
                                    const err7 = {
                                        instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/parent",
                                        schemaPath: "#/properties/snapshots/additionalProperties/properties/parent/pattern",
                                        keyword: "pattern",
                                        params: { pattern: "[^]" },
                                        message: 'must match pattern "' + "[^]" + '"',
                                        schema: "[^]",
                                        parentSchema: schema13.properties.snapshots.additionalProperties.properties.parent,
                                        data: data5,
                                    };
                                    if (vErrors === null) {
                                        vErrors = [err7];
                                    } else {
                                        vErrors.push(err7);
                                    }
                                    errors++;
                                }
                            } else {
                                const err8 = {
                                    instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/parent",
                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/parent/type",
                                    keyword: "type",
                                    params: { type: "string" },
                                    message: "must be string",
                                    schema: schema13.properties.snapshots.additionalProperties.properties.parent.type,
                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.parent,
                                    data: data5,
                                };
                                if (vErrors === null) {
                                    vErrors = [err8];
                                } else {
                                    vErrors.push(err8);
                                }
                                errors++;
                            }
                        }
                        if (data4.description !== undefined) {
                            let data6 = data4.description;
                            if (typeof data6 !== "string") {
                                const err9 = {
                                    instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/description",
                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/description/type",
                                    keyword: "type",
                                    params: { type: "string" },
                                    message: "must be string",
                                    schema: schema13.properties.snapshots.additionalProperties.properties.description.type,
                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.description,
                                    data: data6,
                                };
                                if (vErrors === null) {
                                    vErrors = [err9];
                                } else {
                                    vErrors.push(err9);
                                }
                                errors++;
                            }
                        }
                        if (data4.provision !== undefined) {
                            let data7 = data4.provision;
                            if (Array.isArray(data7)) {
                                const len0 = data7.length;
                                for (let i0 = 0; i0 < len0; i0++) {
                                    let data8 = data7[i0];
                                    if (data8 && typeof data8 == "object" && !Array.isArray(data8)) {
                                        if (data8.command === undefined) {
                                            const err10 = {
                                                instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/provision/" + i0,
                                                schemaPath: "#/properties/snapshots/additionalProperties/properties/provision/items/required",
                                                keyword: "required",
                                                params: { missingProperty: "command" },
                                                message: "must have required property '" + "command" + "'",
                                                schema: schema13.properties.snapshots.additionalProperties.properties.provision.items.required,
                                                parentSchema: schema13.properties.snapshots.additionalProperties.properties.provision.items,
                                                data: data8,
                                            };
                                            if (vErrors === null) {
                                                vErrors = [err10];
                                            } else {
                                                vErrors.push(err10);
                                            }
                                            errors++;
                                        }
                                        for (const key3 in data8) {
                                            if (!(key3 === "command" || key3 === "env" || key3 === "timeout" || key3 === "cwd" || pattern0.test(key3))) {
                                                const err11 = {
                                                    instancePath:
                                                        instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/provision/" + i0,
                                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/provision/items/additionalProperties",
                                                    keyword: "additionalProperties",
                                                    params: { additionalProperty: key3 },
                                                    message: "must NOT have additional properties",
                                                    schema: false,
                                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.provision.items,
                                                    data: data8,
                                                };
                                                if (vErrors === null) {
                                                    vErrors = [err11];
                                                } else {
                                                    vErrors.push(err11);
                                                }
                                                errors++;
                                            }
                                        }
                                        if (data8.command !== undefined) {
                                            let data9 = data8.command;
                                            if (Array.isArray(data9)) {
                                                if (data9.length < 1) {
                                                    const err12 = {
                                                        instancePath:
                                                            instancePath +
                                                            "/snapshots/" +
                                                            key1.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                            "/provision/" +
                                                            i0 +
                                                            "/command",
                                                        schemaPath:
                                                            "#/properties/snapshots/additionalProperties/properties/provision/items/properties/command/minItems",
                                                        keyword: "minItems",
                                                        params: { limit: 1 },
                                                        message: "must NOT have fewer than 1 items",
                                                        schema: 1,
                                                        parentSchema:
                                                            schema13.properties.snapshots.additionalProperties.properties.provision.items.properties.command,
                                                        data: data9,
                                                    };
                                                    if (vErrors === null) {
                                                        vErrors = [err12];
                                                    } else {
                                                        vErrors.push(err12);
                                                    }
                                                    errors++;
                                                }
                                                const len1 = data9.length;
                                                for (let i1 = 0; i1 < len1; i1++) {
                                                    let data10 = data9[i1];
                                                    if (typeof data10 !== "string") {
                                                        const err13 = {
                                                            instancePath:
                                                                instancePath +
                                                                "/snapshots/" +
                                                                key1.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                                "/provision/" +
                                                                i0 +
                                                                "/command/" +
                                                                i1,
                                                            schemaPath:
                                                                "#/properties/snapshots/additionalProperties/properties/provision/items/properties/command/items/type",
                                                            keyword: "type",
                                                            params: { type: "string" },
                                                            message: "must be string",
                                                            schema: schema13.properties.snapshots.additionalProperties.properties.provision.items.properties
                                                                .command.items.type,
                                                            parentSchema:
                                                                schema13.properties.snapshots.additionalProperties.properties.provision.items.properties.command
                                                                    .items,
                                                            data: data10,
                                                        };
                                                        if (vErrors === null) {
                                                            vErrors = [err13];
                                                        } else {
                                                            vErrors.push(err13);
                                                        }
                                                        errors++;
                                                    }
                                                }
                                            } else {
                                                const err14 = {
                                                    instancePath:
                                                        instancePath +
                                                        "/snapshots/" +
                                                        key1.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                        "/provision/" +
                                                        i0 +
                                                        "/command",
                                                    schemaPath:
                                                        "#/properties/snapshots/additionalProperties/properties/provision/items/properties/command/type",
                                                    keyword: "type",
                                                    params: { type: "array" },
                                                    message: "must be array",
                                                    schema: schema13.properties.snapshots.additionalProperties.properties.provision.items.properties.command
                                                        .type,
                                                    parentSchema:
                                                        schema13.properties.snapshots.additionalProperties.properties.provision.items.properties.command,
                                                    data: data9,
                                                };
                                                if (vErrors === null) {
                                                    vErrors = [err14];
                                                } else {
                                                    vErrors.push(err14);
                                                }
                                                errors++;
                                            }
                                        }
                                        if (data8.env !== undefined) {
                                            let data11 = data8.env;
                                            if (data11 && typeof data11 == "object" && !Array.isArray(data11)) {
                                                for (const key4 in data11) {
                                                    let data12 = data11[key4];
                                                    if (typeof data12 !== "string") {
                                                        const err15 = {
                                                            instancePath:
                                                                instancePath +
                                                                "/snapshots/" +
                                                                key1.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                                "/provision/" +
                                                                i0 +
                                                                "/env/" +
                                                                key4.replace(/~/g, "~0").replace(/\//g, "~1"),
                                                            schemaPath:
                                                                "#/properties/snapshots/additionalProperties/properties/provision/items/properties/env/additionalProperties/type",
                                                            keyword: "type",
                                                            params: { type: "string" },
                                                            message: "must be string",
                                                            schema: schema13.properties.snapshots.additionalProperties.properties.provision.items.properties.env
                                                                .additionalProperties.type,
                                                            parentSchema:
                                                                schema13.properties.snapshots.additionalProperties.properties.provision.items.properties.env
                                                                    .additionalProperties,
                                                            data: data12,
                                                        };
                                                        if (vErrors === null) {
                                                            vErrors = [err15];
                                                        } else {
                                                            vErrors.push(err15);
                                                        }
                                                        errors++;
                                                    }
                                                }
                                            } else {
                                                const err16 = {
                                                    instancePath:
                                                        instancePath +
                                                        "/snapshots/" +
                                                        key1.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                        "/provision/" +
                                                        i0 +
                                                        "/env",
                                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/provision/items/properties/env/type",
                                                    keyword: "type",
                                                    params: { type: "object" },
                                                    message: "must be object",
                                                    schema: schema13.properties.snapshots.additionalProperties.properties.provision.items.properties.env.type,
                                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.provision.items.properties.env,
                                                    data: data11,
                                                };
                                                if (vErrors === null) {
                                                    vErrors = [err16];
                                                } else {
                                                    vErrors.push(err16);
                                                }
                                                errors++;
                                            }
                                        }
                                        if (data8.timeout !== undefined) {
                                            let data13 = data8.timeout;
                                            if (typeof data13 == "number" && isFinite(data13)) {
                                                if (data13 <= 0 || isNaN(data13)) {
                                                    const err17 = {
                                                        instancePath:
                                                            instancePath +
                                                            "/snapshots/" +
                                                            key1.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                            "/provision/" +
                                                            i0 +
                                                            "/timeout",
                                                        schemaPath:
                                                            "#/properties/snapshots/additionalProperties/properties/provision/items/properties/timeout/exclusiveMinimum",
                                                        keyword: "exclusiveMinimum",
                                                        params: { comparison: ">", limit: 0 },
                                                        message: "must be > 0",
                                                        schema: 0,
                                                        parentSchema:
                                                            schema13.properties.snapshots.additionalProperties.properties.provision.items.properties.timeout,
                                                        data: data13,
                                                    };
                                                    if (vErrors === null) {
                                                        vErrors = [err17];
                                                    } else {
                                                        vErrors.push(err17);
                                                    }
                                                    errors++;
                                                }
                                            } else {
                                                const err18 = {
                                                    instancePath:
                                                        instancePath +
                                                        "/snapshots/" +
                                                        key1.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                        "/provision/" +
                                                        i0 +
                                                        "/timeout",
                                                    schemaPath:
                                                        "#/properties/snapshots/additionalProperties/properties/provision/items/properties/timeout/type",
                                                    keyword: "type",
                                                    params: { type: "number" },
                                                    message: "must be number",
                                                    schema: schema13.properties.snapshots.additionalProperties.properties.provision.items.properties.timeout
                                                        .type,
                                                    parentSchema:
                                                        schema13.properties.snapshots.additionalProperties.properties.provision.items.properties.timeout,
                                                    data: data13,
                                                };
                                                if (vErrors === null) {
                                                    vErrors = [err18];
                                                } else {
                                                    vErrors.push(err18);
                                                }
                                                errors++;
                                            }
                                        }
                                        if (data8.cwd !== undefined) {
                                            let data14 = data8.cwd;
                                            if (typeof data14 !== "string") {
                                                const err19 = {
                                                    instancePath:
                                                        instancePath +
                                                        "/snapshots/" +
                                                        key1.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                        "/provision/" +
                                                        i0 +
                                                        "/cwd",
                                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/provision/items/properties/cwd/type",
                                                    keyword: "type",
                                                    params: { type: "string" },
                                                    message: "must be string",
                                                    schema: schema13.properties.snapshots.additionalProperties.properties.provision.items.properties.cwd.type,
                                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.provision.items.properties.cwd,
                                                    data: data14,
                                                };
                                                if (vErrors === null) {
                                                    vErrors = [err19];
                                                } else {
                                                    vErrors.push(err19);
                                                }
                                                errors++;
                                            }
                                        }
                                    } else {
                                        const err20 = {
                                            instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/provision/" + i0,
                                            schemaPath: "#/properties/snapshots/additionalProperties/properties/provision/items/type",
                                            keyword: "type",
                                            params: { type: "object" },
                                            message: "must be object",
                                            schema: schema13.properties.snapshots.additionalProperties.properties.provision.items.type,
                                            parentSchema: schema13.properties.snapshots.additionalProperties.properties.provision.items,
                                            data: data8,
                                        };
                                        if (vErrors === null) {
                                            vErrors = [err20];
                                        } else {
                                            vErrors.push(err20);
                                        }
                                        errors++;
                                    }
                                }
                            } else {
                                const err21 = {
                                    instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/provision",
                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/provision/type",
                                    keyword: "type",
                                    params: { type: "array" },
                                    message: "must be array",
                                    schema: schema13.properties.snapshots.additionalProperties.properties.provision.type,
                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.provision,
                                    data: data7,
                                };
                                if (vErrors === null) {
                                    vErrors = [err21];
                                } else {
                                    vErrors.push(err21);
                                }
                                errors++;
                            }
                        }
                        if (data4.mode !== undefined) {
                            let data15 = data4.mode;
                            if (!(data15 === "internal" || data15 === "external")) {
                                const err22 = {
                                    instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/mode",
                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/mode/enum",
                                    keyword: "enum",
                                    params: { allowedValues: schema13.properties.snapshots.additionalProperties.properties.mode.enum },
                                    message: "must be equal to one of the allowed values",
                                    schema: schema13.properties.snapshots.additionalProperties.properties.mode.enum,
                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.mode,
                                    data: data15,
                                };
                                if (vErrors === null) {
                                    vErrors = [err22];
                                } else {
                                    vErrors.push(err22);
                                }
                                errors++;
                            }
                        }
                        if (data4.diskOnly !== undefined) {
                            let data16 = data4.diskOnly;
                            if (typeof data16 !== "boolean") {
                                const err23 = {
                                    instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/diskOnly",
                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/diskOnly/type",
                                    keyword: "type",
                                    params: { type: "boolean" },
                                    message: "must be boolean",
                                    schema: schema13.properties.snapshots.additionalProperties.properties.diskOnly.type,
                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.diskOnly,
                                    data: data16,
                                };
                                if (vErrors === null) {
                                    vErrors = [err23];
                                } else {
                                    vErrors.push(err23);
                                }
                                errors++;
                            }
                        }
                        if (data4.memoryFile !== undefined) {
                            let data17 = data4.memoryFile;
                            if (typeof data17 !== "string") {
                                const err24 = {
                                    instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/memoryFile",
                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/memoryFile/type",
                                    keyword: "type",
                                    params: { type: "string" },
                                    message: "must be string",
                                    schema: schema13.properties.snapshots.additionalProperties.properties.memoryFile.type,
                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.memoryFile,
                                    data: data17,
                                };
                                if (vErrors === null) {
                                    vErrors = [err24];
                                } else {
                                    vErrors.push(err24);
                                }
                                errors++;
                            }
                        }
                        if (data4.quiesce !== undefined) {
                            let data18 = data4.quiesce;
                            if (typeof data18 !== "boolean") {
                                const err25 = {
                                    instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/quiesce",
                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/quiesce/type",
                                    keyword: "type",
                                    params: { type: "boolean" },
                                    message: "must be boolean",
                                    schema: schema13.properties.snapshots.additionalProperties.properties.quiesce.type,
                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.quiesce,
                                    data: data18,
                                };
                                if (vErrors === null) {
                                    vErrors = [err25];
                                } else {
                                    vErrors.push(err25);
                                }
                                errors++;
                            }
                        }
                        if (data4.compression !== undefined) {
                            let data19 = data4.compression;
                            if (typeof data19 === "string") {
                                if (!pattern1.test(data19)) {
                                    const err26 = {
                                        instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/compression",
                                        schemaPath: "#/properties/snapshots/additionalProperties/properties/compression/pattern",
                                        keyword: "pattern",
                                        params: { pattern: "[^]" },
                                        message: 'must match pattern "' + "[^]" + '"',
                                        schema: "[^]",
                                        parentSchema: schema13.properties.snapshots.additionalProperties.properties.compression,
                                        data: data19,
                                    };
                                    if (vErrors === null) {
                                        vErrors = [err26];
                                    } else {
                                        vErrors.push(err26);
                                    }
                                    errors++;
                                }
                            } else {
                                const err27 = {
                                    instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/compression",
                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/compression/type",
                                    keyword: "type",
                                    params: { type: "string" },
                                    message: "must be string",
                                    schema: schema13.properties.snapshots.additionalProperties.properties.compression.type,
                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.compression,
                                    data: data19,
                                };
                                if (vErrors === null) {
                                    vErrors = [err27];
                                } else {
                                    vErrors.push(err27);
                                }
                                errors++;
                            }
                        }
                        if (data4.disks !== undefined) {
                            let data20 = data4.disks;
                            if (data20 && typeof data20 == "object" && !Array.isArray(data20)) {
                                for (const key5 in data20) {
                                    let data21 = data20[key5];
                                    if (data21 && typeof data21 == "object" && !Array.isArray(data21)) {
                                        for (const key6 in data21) {
                                            if (!(key6 === "snapshot" || key6 === "file" || key6 === "driver" || pattern0.test(key6))) {
                                                const err28 = {
                                                    instancePath:
                                                        instancePath +
                                                        "/snapshots/" +
                                                        key1.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                        "/disks/" +
                                                        key5.replace(/~/g, "~0").replace(/\//g, "~1"),
                                                    schemaPath:
                                                        "#/properties/snapshots/additionalProperties/properties/disks/additionalProperties/additionalProperties",
                                                    keyword: "additionalProperties",
                                                    params: { additionalProperty: key6 },
                                                    message: "must NOT have additional properties",
                                                    schema: false,
                                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.disks.additionalProperties,
                                                    data: data21,
                                                };
                                                if (vErrors === null) {
                                                    vErrors = [err28];
                                                } else {
                                                    vErrors.push(err28);
                                                }
                                                errors++;
                                            }
                                        }
                                        if (data21.snapshot !== undefined) {
                                            let data22 = data21.snapshot;
                                            if (!(data22 === "internal" || data22 === "external" || data22 === "no")) {
                                                const err29 = {
                                                    instancePath:
                                                        instancePath +
                                                        "/snapshots/" +
                                                        key1.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                        "/disks/" +
                                                        key5.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                        "/snapshot",
                                                    schemaPath:
                                                        "#/properties/snapshots/additionalProperties/properties/disks/additionalProperties/properties/snapshot/enum",
                                                    keyword: "enum",
                                                    params: {
                                                        allowedValues:
                                                            schema13.properties.snapshots.additionalProperties.properties.disks.additionalProperties.properties
                                                                .snapshot.enum,
                                                    },
                                                    message: "must be equal to one of the allowed values",
                                                    schema: schema13.properties.snapshots.additionalProperties.properties.disks.additionalProperties.properties
                                                        .snapshot.enum,
                                                    parentSchema:
                                                        schema13.properties.snapshots.additionalProperties.properties.disks.additionalProperties.properties
                                                            .snapshot,
                                                    data: data22,
                                                };
                                                if (vErrors === null) {
                                                    vErrors = [err29];
                                                } else {
                                                    vErrors.push(err29);
                                                }
                                                errors++;
                                            }
                                        }
                                        if (data21.file !== undefined) {
                                            let data23 = data21.file;
                                            if (typeof data23 === "string") {
                                                if (!pattern1.test(data23)) {
                                                    const err30 = {
                                                        instancePath:
                                                            instancePath +
                                                            "/snapshots/" +
                                                            key1.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                            "/disks/" +
                                                            key5.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                            "/file",
                                                        schemaPath:
                                                            "#/properties/snapshots/additionalProperties/properties/disks/additionalProperties/properties/file/pattern",
                                                        keyword: "pattern",
                                                        params: { pattern: "[^]" },
                                                        message: 'must match pattern "' + "[^]" + '"',
                                                        schema: "[^]",
                                                        parentSchema:
                                                            schema13.properties.snapshots.additionalProperties.properties.disks.additionalProperties.properties
                                                                .file,
                                                        data: data23,
                                                    };
                                                    if (vErrors === null) {
                                                        vErrors = [err30];
                                                    } else {
                                                        vErrors.push(err30);
                                                    }
                                                    errors++;
                                                }
                                            } else {
                                                const err31 = {
                                                    instancePath:
                                                        instancePath +
                                                        "/snapshots/" +
                                                        key1.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                        "/disks/" +
                                                        key5.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                        "/file",
                                                    schemaPath:
                                                        "#/properties/snapshots/additionalProperties/properties/disks/additionalProperties/properties/file/type",
                                                    keyword: "type",
                                                    params: { type: "string" },
                                                    message: "must be string",
                                                    schema: schema13.properties.snapshots.additionalProperties.properties.disks.additionalProperties.properties
                                                        .file.type,
                                                    parentSchema:
                                                        schema13.properties.snapshots.additionalProperties.properties.disks.additionalProperties.properties
                                                            .file,
                                                    data: data23,
                                                };
                                                if (vErrors === null) {
                                                    vErrors = [err31];
                                                } else {
                                                    vErrors.push(err31);
                                                }
                                                errors++;
                                            }
                                        }
                                        if (data21.driver !== undefined) {
                                            let data24 = data21.driver;
                                            if (typeof data24 !== "string") {
                                                const err32 = {
                                                    instancePath:
                                                        instancePath +
                                                        "/snapshots/" +
                                                        key1.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                        "/disks/" +
                                                        key5.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                        "/driver",
                                                    schemaPath:
                                                        "#/properties/snapshots/additionalProperties/properties/disks/additionalProperties/properties/driver/type",
                                                    keyword: "type",
                                                    params: { type: "string" },
                                                    message: "must be string",
                                                    schema: schema13.properties.snapshots.additionalProperties.properties.disks.additionalProperties.properties
                                                        .driver.type,
                                                    parentSchema:
                                                        schema13.properties.snapshots.additionalProperties.properties.disks.additionalProperties.properties
                                                            .driver,
                                                    data: data24,
                                                };
                                                if (vErrors === null) {
                                                    vErrors = [err32];
                                                } else {
                                                    vErrors.push(err32);
                                                }
                                                errors++;
                                            }
                                        }
                                    } else {
                                        const err33 = {
                                            instancePath:
                                                instancePath +
                                                "/snapshots/" +
                                                key1.replace(/~/g, "~0").replace(/\//g, "~1") +
                                                "/disks/" +
                                                key5.replace(/~/g, "~0").replace(/\//g, "~1"),
                                            schemaPath: "#/properties/snapshots/additionalProperties/properties/disks/additionalProperties/type",
                                            keyword: "type",
                                            params: { type: "object" },
                                            message: "must be object",
                                            schema: schema13.properties.snapshots.additionalProperties.properties.disks.additionalProperties.type,
                                            parentSchema: schema13.properties.snapshots.additionalProperties.properties.disks.additionalProperties,
                                            data: data21,
                                        };
                                        if (vErrors === null) {
                                            vErrors = [err33];
                                        } else {
                                            vErrors.push(err33);
                                        }
                                        errors++;
                                    }
                                }
                            } else {
                                const err34 = {
                                    instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/disks",
                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/disks/type",
                                    keyword: "type",
                                    params: { type: "object" },
                                    message: "must be object",
                                    schema: schema13.properties.snapshots.additionalProperties.properties.disks.type,
                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.disks,
                                    data: data20,
                                };
                                if (vErrors === null) {
                                    vErrors = [err34];
                                } else {
                                    vErrors.push(err34);
                                }
                                errors++;
                            }
                        }
                        if (data4.halt !== undefined) {
                            let data25 = data4.halt;
                            if (typeof data25 !== "boolean") {
                                const err35 = {
                                    instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/halt",
                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/halt/type",
                                    keyword: "type",
                                    params: { type: "boolean" },
                                    message: "must be boolean",
                                    schema: schema13.properties.snapshots.additionalProperties.properties.halt.type,
                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.halt,
                                    data: data25,
                                };
                                if (vErrors === null) {
                                    vErrors = [err35];
                                } else {
                                    vErrors.push(err35);
                                }
                                errors++;
                            }
                        }
                        if (data4.atomic !== undefined) {
                            let data26 = data4.atomic;
                            if (typeof data26 !== "boolean") {
                                const err36 = {
                                    instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/atomic",
                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/atomic/type",
                                    keyword: "type",
                                    params: { type: "boolean" },
                                    message: "must be boolean",
                                    schema: schema13.properties.snapshots.additionalProperties.properties.atomic.type,
                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.atomic,
                                    data: data26,
                                };
                                if (vErrors === null) {
                                    vErrors = [err36];
                                } else {
                                    vErrors.push(err36);
                                }
                                errors++;
                            }
                        }
                        if (data4.live !== undefined) {
                            let data27 = data4.live;
                            if (typeof data27 !== "boolean") {
                                const err37 = {
                                    instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/live",
                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/live/type",
                                    keyword: "type",
                                    params: { type: "boolean" },
                                    message: "must be boolean",
                                    schema: schema13.properties.snapshots.additionalProperties.properties.live.type,
                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.live,
                                    data: data27,
                                };
                                if (vErrors === null) {
                                    vErrors = [err37];
                                } else {
                                    vErrors.push(err37);
                                }
                                errors++;
                            }
                        }
                        if (data4.reuseExternal !== undefined) {
                            let data28 = data4.reuseExternal;
                            if (typeof data28 !== "boolean") {
                                const err38 = {
                                    instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/reuseExternal",
                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/reuseExternal/type",
                                    keyword: "type",
                                    params: { type: "boolean" },
                                    message: "must be boolean",
                                    schema: schema13.properties.snapshots.additionalProperties.properties.reuseExternal.type,
                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.reuseExternal,
                                    data: data28,
                                };
                                if (vErrors === null) {
                                    vErrors = [err38];
                                } else {
                                    vErrors.push(err38);
                                }
                                errors++;
                            }
                        }
                        if (data4.triggers !== undefined) {
                            let data29 = data4.triggers;
                            if (!Array.isArray(data29)) {
                                const err39 = {
                                    instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/triggers",
                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/triggers/type",
                                    keyword: "type",
                                    params: { type: "array" },
                                    message: "must be array",
                                    schema: schema13.properties.snapshots.additionalProperties.properties.triggers.type,
                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.triggers,
                                    data: data29,
                                };
                                if (vErrors === null) {
                                    vErrors = [err39];
                                } else {
                                    vErrors.push(err39);
                                }
                                errors++;
                            }
                        }
                        if (data4.renamedFrom !== undefined) {
                            let data30 = data4.renamedFrom;
                            if (typeof data30 === "string") {
                                if (!pattern1.test(data30)) {
                                    const err40 = {
                                        instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/renamedFrom",
                                        schemaPath: "#/properties/snapshots/additionalProperties/properties/renamedFrom/pattern",
                                        keyword: "pattern",
                                        params: { pattern: "[^]" },
                                        message: 'must match pattern "' + "[^]" + '"',
                                        schema: "[^]",
                                        parentSchema: schema13.properties.snapshots.additionalProperties.properties.renamedFrom,
                                        data: data30,
                                    };
                                    if (vErrors === null) {
                                        vErrors = [err40];
                                    } else {
                                        vErrors.push(err40);
                                    }
                                    errors++;
                                }
                            } else {
                                const err41 = {
                                    instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1") + "/renamedFrom",
                                    schemaPath: "#/properties/snapshots/additionalProperties/properties/renamedFrom/type",
                                    keyword: "type",
                                    params: { type: "string" },
                                    message: "must be string",
                                    schema: schema13.properties.snapshots.additionalProperties.properties.renamedFrom.type,
                                    parentSchema: schema13.properties.snapshots.additionalProperties.properties.renamedFrom,
                                    data: data30,
                                };
                                if (vErrors === null) {
                                    vErrors = [err41];
                                } else {
                                    vErrors.push(err41);
                                }
                                errors++;
                            }
                        }
                    } else {
                        const err42 = {
                            instancePath: instancePath + "/snapshots/" + key1.replace(/~/g, "~0").replace(/\//g, "~1"),
                            schemaPath: "#/properties/snapshots/additionalProperties/type",
                            keyword: "type",
                            params: { type: "object" },
                            message: "must be object",
                            schema: schema13.properties.snapshots.additionalProperties.type,
                            parentSchema: schema13.properties.snapshots.additionalProperties,
                            data: data4,
                        };
                        if (vErrors === null) {
                            vErrors = [err42];
                        } else {
                            vErrors.push(err42);
                        }
                        errors++;
                    }
                }
            } else {
                const err43 = {
                    instancePath: instancePath + "/snapshots",
                    schemaPath: "#/properties/snapshots/type",
                    keyword: "type",
                    params: { type: "object" },
                    message: "must be object",
                    schema: schema13.properties.snapshots.type,
                    parentSchema: schema13.properties.snapshots,
                    data: data3,
                };
                if (vErrors === null) {
                    vErrors = [err43];
                } else {
                    vErrors.push(err43);
                }
                errors++;
            }
        }
        if (data.branches !== undefined) {
            let data31 = data.branches;
            if (data31 && typeof data31 == "object" && !Array.isArray(data31)) {
                for (const key7 in data31) {
                    let data32 = data31[key7];
                    if (data32 && typeof data32 == "object" && !Array.isArray(data32)) {
                        if (data32.from === undefined) {
                            const err44 = {
                                instancePath: instancePath + "/branches/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),
                                schemaPath: "#/properties/branches/additionalProperties/required",
                                keyword: "required",
                                params: { missingProperty: "from" },
                                message: "must have required property '" + "from" + "'",
                                schema: schema13.properties.branches.additionalProperties.required,
                                parentSchema: schema13.properties.branches.additionalProperties,
                                data: data32,
                            };
                            if (vErrors === null) {
                                vErrors = [err44];
                            } else {
                                vErrors.push(err44);
                            }
                            errors++;
                        }
                        for (const key8 in data32) {
                            if (!(key8 === "from" || pattern0.test(key8))) {
                                const err45 = {
                                    instancePath: instancePath + "/branches/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),
                                    schemaPath: "#/properties/branches/additionalProperties/additionalProperties",
                                    keyword: "additionalProperties",
                                    params: { additionalProperty: key8 },
                                    message: "must NOT have additional properties",
                                    schema: false,
                                    parentSchema: schema13.properties.branches.additionalProperties,
                                    data: data32,
                                };
                                if (vErrors === null) {
                                    vErrors = [err45];
                                } else {
                                    vErrors.push(err45);
                                }
                                errors++;
                            }
                        }
                        if (data32.from !== undefined) {
                            let data33 = data32.from;
                            if (typeof data33 === "string") {
                                if (!pattern1.test(data33)) {
                                    const err46 = {
                                        instancePath: instancePath + "/branches/" + key7.replace(/~/g, "~0").replace(/\//g, "~1") + "/from",
                                        schemaPath: "#/properties/branches/additionalProperties/properties/from/pattern",
                                        keyword: "pattern",
                                        params: { pattern: "[^]" },
                                        message: 'must match pattern "' + "[^]" + '"',
                                        schema: "[^]",
                                        parentSchema: schema13.properties.branches.additionalProperties.properties.from,
                                        data: data33,
                                    };
                                    if (vErrors === null) {
                                        vErrors = [err46];
                                    } else {
                                        vErrors.push(err46);
                                    }
                                    errors++;
                                }
                            } else {
                                const err47 = {
                                    instancePath: instancePath + "/branches/" + key7.replace(/~/g, "~0").replace(/\//g, "~1") + "/from",
                                    schemaPath: "#/properties/branches/additionalProperties/properties/from/type",
                                    keyword: "type",
                                    params: { type: "string" },
                                    message: "must be string",
                                    schema: schema13.properties.branches.additionalProperties.properties.from.type,
                                    parentSchema: schema13.properties.branches.additionalProperties.properties.from,
                                    data: data33,
                                };
                                if (vErrors === null) {
                                    vErrors = [err47];
                                } else {
                                    vErrors.push(err47);
                                }
                                errors++;
                            }
                        }
                    } else {
                        const err48 = {
                            instancePath: instancePath + "/branches/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),
                            schemaPath: "#/properties/branches/additionalProperties/type",
                            keyword: "type",
                            params: { type: "object" },
                            message: "must be object",
                            schema: schema13.properties.branches.additionalProperties.type,
                            parentSchema: schema13.properties.branches.additionalProperties,
                            data: data32,
                        };
                        if (vErrors === null) {
                            vErrors = [err48];
                        } else {
                            vErrors.push(err48);
                        }
                        errors++;
                    }
                }
            } else {
                const err49 = {
                    instancePath: instancePath + "/branches",
                    schemaPath: "#/properties/branches/type",
                    keyword: "type",
                    params: { type: "object" },
                    message: "must be object",
                    schema: schema13.properties.branches.type,
                    parentSchema: schema13.properties.branches,
                    data: data31,
                };
                if (vErrors === null) {
                    vErrors = [err49];
                } else {
                    vErrors.push(err49);
                }
                errors++;
            }
        }
        if (data.current !== undefined) {
            let data34 = data.current;
            if (typeof data34 === "string") {
                if (!pattern1.test(data34)) {
                    const err50 = {
                        instancePath: instancePath + "/current",
                        schemaPath: "#/properties/current/pattern",
                        keyword: "pattern",
                        params: { pattern: "[^]" },
                        message: 'must match pattern "' + "[^]" + '"',
                        schema: "[^]",
                        parentSchema: schema13.properties.current,
                        data: data34,
                    };
                    if (vErrors === null) {
                        vErrors = [err50];
                    } else {
                        vErrors.push(err50);
                    }
                    errors++;
                }
            } else {
                const err51 = {
                    instancePath: instancePath + "/current",
                    schemaPath: "#/properties/current/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema13.properties.current.type,
                    parentSchema: schema13.properties.current,
                    data: data34,
                };
                if (vErrors === null) {
                    vErrors = [err51];
                } else {
                    vErrors.push(err51);
                }
                errors++;
            }
        }
        if (data.prune !== undefined) {
            let data35 = data.prune;
            if (!(data35 === "managed" || data35 === "all" || data35 === "none")) {
                const err52 = {
                    instancePath: instancePath + "/prune",
                    schemaPath: "#/properties/prune/enum",
                    keyword: "enum",
                    params: { allowedValues: schema13.properties.prune.enum },
                    message: "must be equal to one of the allowed values",
                    schema: schema13.properties.prune.enum,
                    parentSchema: schema13.properties.prune,
                    data: data35,
                };
                if (vErrors === null) {
                    vErrors = [err52];
                } else {
                    vErrors.push(err52);
                }
                errors++;
            }
        }
        if (data.force !== undefined) {
            let data36 = data.force;
            const _errs80 = errors;
            let valid13 = false;
            const _errs81 = errors;
            if (typeof data36 !== "boolean") {
                const err53 = {
                    instancePath: instancePath + "/force",
                    schemaPath: "#/properties/force/anyOf/0/type",
                    keyword: "type",
                    params: { type: "boolean" },
                    message: "must be boolean",
                    schema: schema13.properties.force.anyOf[0].type,
                    parentSchema: schema13.properties.force.anyOf[0],
                    data: data36,
                };
                if (vErrors === null) {
                    vErrors = [err53];
                } else {
                    vErrors.push(err53);
                }
                errors++;
            }
            var _valid0 = _errs81 === errors;
            valid13 = valid13 || _valid0;
            if (!valid13) {
                const _errs83 = errors;
                if (Array.isArray(data36)) {
                    const len2 = data36.length;
                    for (let i2 = 0; i2 < len2; i2++) {
                        let data37 = data36[i2];
                        if (typeof data37 !== "string") {
                            const err54 = {
                                instancePath: instancePath + "/force/" + i2,
                                schemaPath: "#/properties/force/anyOf/1/items/type",
                                keyword: "type",
                                params: { type: "string" },
                                message: "must be string",
                                schema: schema13.properties.force.anyOf[1].items.type,
                                parentSchema: schema13.properties.force.anyOf[1].items,
                                data: data37,
                            };
                            if (vErrors === null) {
                                vErrors = [err54];
                            } else {
                                vErrors.push(err54);
                            }
                            errors++;
                        }
                    }
                } else {
                    const err55 = {
                        instancePath: instancePath + "/force",
                        schemaPath: "#/properties/force/anyOf/1/type",
                        keyword: "type",
                        params: { type: "array" },
                        message: "must be array",
                        schema: schema13.properties.force.anyOf[1].type,
                        parentSchema: schema13.properties.force.anyOf[1],
                        data: data36,
                    };
                    if (vErrors === null) {
                        vErrors = [err55];
                    } else {
                        vErrors.push(err55);
                    }
                    errors++;
                }
                var _valid0 = _errs83 === errors;
                valid13 = valid13 || _valid0;
            }
            if (!valid13) {
                const err56 = {
                    instancePath: instancePath + "/force",
                    schemaPath: "#/properties/force/anyOf",
                    keyword: "anyOf",
                    params: {},
                    message: "must match a schema in anyOf",
                    schema: schema13.properties.force.anyOf,
                    parentSchema: schema13.properties.force,
                    data: data36,
                };
                if (vErrors === null) {
                    vErrors = [err56];
                } else {
                    vErrors.push(err56);
                }
                errors++;
            } else {
                errors = _errs80;
                if (vErrors !== null) {
                    if (_errs80) {
                        vErrors.length = _errs80;
                    } else {
                        vErrors = null;
                    }
                }
            }
        }
        if (data.owner !== undefined) {
            let data38 = data.owner;
            if (typeof data38 !== "string") {
                const err57 = {
                    instancePath: instancePath + "/owner",
                    schemaPath: "#/properties/owner/type",
                    keyword: "type",
                    params: { type: "string" },
                    message: "must be string",
                    schema: schema13.properties.owner.type,
                    parentSchema: schema13.properties.owner,
                    data: data38,
                };
                if (vErrors === null) {
                    vErrors = [err57];
                } else {
                    vErrors.push(err57);
                }
                errors++;
            }
        }
    } else {
        const err58 = {
            instancePath,
            schemaPath: "#/type",
            keyword: "type",
            params: { type: "object" },
            message: "must be object",
            schema: schema13.type,
            parentSchema: schema13,
            data,
        };
        if (vErrors === null) {
            vErrors = [err58];
        } else {
            vErrors.push(err58);
        }
        errors++;
    }
    validate12.errors = vErrors;
    return errors === 0;
}
