# For the scripts of isolated.sh, which source it: another system in a folder, which is left as it is.

# layer SYSTEM ROOT: the system, with a layer in memory that takes what is written.
layer() {
    mkdir "$2" "$2.upper" "$2.work"
    cd "$1" # A path could hold a comma or a colon.
    mount -t overlay -o "lowerdir=.,upperdir=$2.upper,workdir=$2.work" overlay "$2"
    cd /
    mount -t proc proc "$2/proc"
    bind /sys "$2"
    bind /dev "$2"
}

# bind FOLDER ROOT: the folder is there as it is here.
bind() {
    mkdir -p "$2$1"
    mount --rbind "$1" "$2$1"
}
