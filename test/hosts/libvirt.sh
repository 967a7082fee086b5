#!/bin/sh
# For isolated.sh: libvirt.sh FOLDER SYSTEM
# A libvirtd that has FOLDER for all of libvirt's state, and nothing of the machine's. SYSTEM is / or the folder of another Debian, which is left as it is.
# Standard input takes lines: “start” starts libvirtd, “kill” kills it at once and leaves its guests running; each is answered when done.
set -eu

main() {
    root=
    if [ "$2" != / ]; then
        overlay "$1" "$2"
        root=$1/system/root
    fi
    mount -t tmpfs -o mode=755 tmpfs "$root/run" # Nor does libvirtd find systemd or D-Bus there.
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

# SYSTEM with a layer in memory over it, and FOLDER where it is outside.
overlay() {
    mkdir "$1/system"
    mount -t tmpfs tmpfs "$1/system"
    mkdir "$1/system/upper" "$1/system/work" "$1/system/root"
    cd "$2" # A path could hold a comma or a colon.
    mount -t overlay -o "lowerdir=.,upperdir=$1/system/upper,workdir=$1/system/work" overlay "$1/system/root"
    cd /
    mount -t proc proc "$1/system/root/proc"
    mount --rbind /sys "$1/system/root/sys"
    mount --rbind /dev "$1/system/root/dev"
    mkdir -p "$1/system/root$1"
    mount --bind "$1" "$1/system/root$1"
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
            kill -KILL "$daemon"
            wait "$daemon" || :
            ;;
        esac
        echo "$verb"
    done
}

main "$@"
