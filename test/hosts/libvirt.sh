#!/bin/sh
# For isolated.sh: libvirt.sh FOLDER SYSTEM
# A libvirtd that has FOLDER for all of libvirt's state, and nothing of the machine's. SYSTEM is / or the folder of another Debian, which is left as it is.
# Standard input takes lines: “start” starts libvirtd, “kill” kills it at once and leaves its guests running; each is answered when done.
set -eu
. "$(dirname "$0")/layer.sh"

main() {
    mount -t tmpfs -o mode=755 tmpfs /run # Nor does libvirtd find systemd or D-Bus there.
    root=
    if [ "$2" != / ]; then
        root=/run/system
        layer "$2" "$root"
        bind "$(dirname "$1")" "$root"
        mount -t tmpfs -o mode=755 tmpfs "$root/run"
    fi
    mkdir "$root/run/libvirt"
    for pair in etc:/etc/libvirt lib:/var/lib/libvirt cache:/var/cache/libvirt log:/var/log/libvirt; do
        mkdir -p "$root${pair#*:}"
        mount --bind "$1/${pair%%:*}" "$root${pair#*:}"
    done
    # libvirtd is no child of the first process: that one waits for orphans, which libvirtd relies on.
    exec 3<&0
    obey "$1" "${root:-/}" <&3 3<&- &
    wait
}

obey() {
    daemon=
    while read -r verb; do
        case $verb in
        start)
            chroot "$2" libvirtd --config /etc/libvirt/libvirtd.conf --pid-file "$1/pid" >>"$1/log/libvirtd.log" 2>&1 &
            daemon=$!
            ;;
        kill)
            kill -KILL "$daemon" || : # It may have ended by itself.
            wait "$daemon" || :
            ;;
        esac
        echo "$verb"
    done
}

main "$@"
