#!/bin/sh
# near-sshd.sh FOLDER
# sshd with FOLDER's configuration for one connection on standard input and output, in mounts of its own and in our processes' namespace: what it runs can enter
# the namespaces of VirtualBox. See test/hosts/ssh.sh, which does the same for a server that listens.
set -eu
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 755 /run/sshd
sed 's/^root:[^:]*:/root:*:/' /etc/shadow >/run/shadow
mount --bind /run/shadow /etc/shadow
exec /usr/sbin/sshd -i -e -f "$1/sshd_config" 2>>"$1/near.log"
