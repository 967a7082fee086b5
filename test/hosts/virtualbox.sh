#!/bin/sh
# For isolated.sh: virtualbox.sh FOLDER SYSTEM
# A place in which VirtualBox of SYSTEM, the folder of a Debian, can be called: FOLDER is there under the same path, and all else that is written is gone
# afterwards. Says “ready” and waits for the end of standard input. As the first process it also waits for orphans, as what a call leaves running becomes.
set -eu
. "$(dirname "$0")/layer.sh"

mount -t tmpfs -o mode=755 tmpfs /run
layer "$2" /run/system
bind "$1" /run/system
exec chroot /run/system sh -c 'echo ready; cat; :'
