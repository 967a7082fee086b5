#!/bin/sh
# For isolated.sh: ssh.sh FOLDER
# An sshd with the configuration FOLDER/sshd_config, which finds nothing of what the machine's own one may have.
set -eu
umask 077

mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 755 /run/sshd
sed 's/^root:[^:]*:/root:*:/' /etc/shadow >/run/shadow # Locked, as it may be, is locked for keys too.
mount --bind /run/shadow /etc/shadow
exec 3<&0
/usr/sbin/sshd -D -e -f "$1/sshd_config" &
server=$!
{
    cat
    kill "$server"
} <&3 >/dev/null &
wait "$server"
