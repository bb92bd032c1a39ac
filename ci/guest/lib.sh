# What scripts of tests in the guest share, in which the host does its part meanwhile.
# `. /opt/virtio-igpu/guest/lib.sh`

# Has the host do something: `kill` or `start` the daemon, `interrupt` it for the rest of the
# run, `lose` the GPU, `unplug` or `plug` the device.
host() { echo "HOST $1"; }

# Waits up to so many seconds for a command to succeed.
within() {
    patience=$(($1 * 10))
    shift
    until "$@"; do
        patience=$((patience - 1))
        [ $patience -gt 0 ] || return 1
        sleep 0.1
    done
}

node=/dev/dri/renderD128
there() { [ -c $node ]; }
gone() { [ ! -e $node ]; }
# Whether work is done.
works() { igpu-hold </dev/null >/tmp/works 2>&1; }
nobody() { ! pidof igpu-guest-tests igpu-hold >/dev/null; }

# Where the driver's device is bound: `bind` and `unbind` are in $driver, the device is $device.
driver=/sys/bus/pci/drivers/virtio_igpu
[ -d $driver ] && ls $driver | grep -q ^0000: || driver=/sys/bus/virtio/drivers/virtio_igpu
device=$(ls $driver | grep -m 1 -e ^0000: -e '^virtio[0-9]')

# A client with a batch that runs on. `hold --until-lost`: it ends well when the batch is lost.
hold() {
    rm -f /tmp/held; mkfifo /tmp/hold 2>/dev/null
    igpu-hold "$@" </tmp/hold >/tmp/held 2>&1 &
    held=$!
    exec 9>/tmp/hold
    within 20 grep -q ready /tmp/held
}

# Ends its batch; the client's status.
release() {
    exec 9>&-
    wait $held
}

# Clients that come and go and submit all the time.
load() {
    while :; do igpu-guest-tests exec3; done >/dev/null 2>&1 &
    loading=$!
}

# They end, whatever the device did to them.
unload() {
    kill -9 $loading
    wait $loading 2>/dev/null
    killall -9 igpu-guest-tests 2>/dev/null
    within 20 nobody
}

# Whether the driver holds nothing for clients that have gone.
idle() {
    awk '/^(contexts|address_spaces|objects|submissions_unfinished) / { left += $2 } END { exit left != 0 }' \
        /sys/kernel/debug/dri/*/igpu_counters
}

# Tells the host what is in use after so many rounds.
sample() {
    within 20 idle || { echo "the driver still holds what clients had:"; cat /sys/kernel/debug/dri/*/igpu_counters; return 1; }
    sync
    echo 3 >/proc/sys/vm/drop_caches
    awk -v round="$1" '
        FILENAME == "/proc/meminfo" && $1 == "MemAvailable:" { available = $2 }
        # What lies free in lists of single processors, in pages, is not told of as free.
        FILENAME == "/proc/zoneinfo" && $1 == "count:" { available += 4 * $2 }
        FILENAME == "/proc/meminfo" && $1 == "SUnreclaim:" { said = said " slab=" $2 }
        FILENAME == "/proc/sys/fs/file-nr" { said = said " files=" $1 }
        FILENAME ~ /refcnt$/ { said = said " module_references=" $1 }
        FILENAME ~ /igpu_counters$/ && /^(contexts|address_spaces|objects|userptr_bytes_pinned) / { said = said " " $1 "=" $2 }
        END { print "SAMPLE " round said " available=" available }' \
        /proc/meminfo /proc/zoneinfo /proc/sys/fs/file-nr /sys/module/virtio_igpu/refcnt /sys/kernel/debug/dri/[0-9]/igpu_counters
}

# The demo: its picture, checked pixel for pixel.
demo() {
    igpu-demo --picture /opt/virtio-igpu/picture.png --out /tmp/sheet.png --report /tmp/report.json >/tmp/demo 2>&1 ||
        { cat /tmp/demo; return 1; }
}
