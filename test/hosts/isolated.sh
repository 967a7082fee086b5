#!/bin/sh
# isolated.sh FOLDER SCRIPT [ARGUMENT…]
# Runs a script as the first process of namespaces of its own, with FOLDER as its first argument and our standard input, which it takes as the sign of life of
# those who started it. Once it ends, for whatever reason, its processes and mounts are gone, and FOLDER goes too.
set -eu

folder=$1
script=$2
shift 2
unshare --mount --pid --fork --kill-child --mount-proc --propagation private -- sh "$script" "$folder" "$@" || :
rm -rf --one-file-system -- "$folder"
