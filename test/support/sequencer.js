const { default: Sequencer } = require("@jest/test-sequencer");

/** The suites that take minutes stand in short files, and jest begins with the longest file where it has not measured yet: at the end one worker would be idle. */
const LONG = /[\\/](conformance|kill)[^\\/]*\.test\.ts$/;

module.exports = class extends Sequencer {
    sort(tests) {
        const sorted = super.sort(tests);
        const isLong = ({ path }) => LONG.test(path);
        return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
    }
};
