#!/usr/bin/env bash
# The units under a real systemd: a container whose root is this machine's own, read only below a layer of memory,
# boots in a second and is gone afterwards. Shows what systemd/ promises: ready, watchdog, journal fields, restarts and
# kills while a step runs.
#
#   cargo build -p showd -p showctl && tests/systemd.sh
#
# Needs root, systemd-nspawn, script and nsenter (packages systemd-container, bsdutils, util-linux); without them it
# says loudly that nothing was shown and ends with status 0.
set -euo pipefail
cd "$(dirname "$0")/.."
programs=${CARGO_TARGET_DIR:-target}/debug

not_here() {
    echo "NOT SHOWN HERE: the units under a real systemd: $*" >&2
    exit 0
}
for program in systemd-nspawn script nsenter unshare; do
    command -v "$program" >/dev/null || not_here "$program is not installed"
done
[ "$(id -u)" = 0 ] || not_here "booting a container takes root"
[ -x "$programs/showd" ] || {
    echo "$programs/showd and showctl are not built; run \"cargo build -p showd -p showctl\" first" >&2
    exit 1
}

# Mounts of our own, gone with us.
if [ "${OWN_MOUNTS:-}" != yes ]; then
    unshare --mount --propagation private true 2>/dev/null || not_here "mount namespaces are refused"
    exec env OWN_MOUNTS=yes unshare --mount --propagation private -- "$0" "$@"
fi

place=$(mktemp -d)
groups=()
booting=
cleanup() {
    set +e
    if [ -n "$booting" ] && kill -0 "$booting" 2>/dev/null; then
        [ -n "${init:-}" ] && kill -s RTMIN+4 "$init" # systemd powers off
        for _ in $(seq 50); do
            kill -0 "$booting" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$booting" 2>/dev/null
        wait "$booting" 2>/dev/null
    fi
    for group in "${groups[@]}"; do
        echo $$ >"${group%/*}/cgroup.procs"
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
    done
    umount -l "$place/root" "$place/layer" 2>/dev/null
    rm -rf --one-file-system "$place"
}
trap cleanup EXIT

# systemd wants one tree of cgroups and a group of its own in it.
[ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ] || {
    umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup || not_here "there is no cgroup2"
}
group=/sys/fs/cgroup/showd-test.$$
mkdir "$group" || not_here "there is no cgroup to boot in"
groups+=("$group")
echo $$ >"$group/cgroup.procs"

mkdir "$place/layer" "$place/root"
mount -t tmpfs -o size=1g tmpfs "$place/layer"
mkdir "$place/layer/upper" "$place/layer/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$place/layer/upper,workdir=$place/layer/work" "$place/root" ||
    not_here "a layer over / is refused"
root=$place/root

echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
rm -rf "$root/etc/systemd/system/"*.wants
mkdir -p "$root/etc/systemd/system" "$root/etc/systemd/journald.conf.d" "$root/etc/showd"
printf '[Unit]\nRequires=basic.target\nAfter=basic.target\nAllowIsolate=yes\n' >"$root/etc/systemd/system/test.target"
printf '[Journal]\nStorage=volatile\n' >"$root/etc/systemd/journald.conf.d/test.conf"
for unit in systemd-networkd systemd-resolved systemd-timesyncd systemd-udevd systemd-logind systemd-firstboot; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit.service"
done
install -m 755 "$programs/showd" "$programs/showctl" "$root/usr/bin/"
install -m 644 systemd/*.service "$root/etc/systemd/system/"
useradd --root "$root" --create-home --home-dir /home/pat pat 2>/dev/null
cat >"$root/etc/showd/pat.toml" <<'TOML'
settle = "100ms"
settle_media = "100ms"
quiet = "300ms"

[share.show]
path = "/home/pat/show"

[pipeline.slow]
subject = "slow/{name}/"
[[pipeline.slow.step]]
name = "wait"
reads = ["/home/pat/gate"]
retry = { tries = 1 }
run = ["sh", "-c", "echo begun; until [ -e /home/pat/gate/go ]; do sleep 0.1; done; echo ended"]
TOML
mkdir -p "$root/home/pat/show/slow/one" "$root/home/pat/show/episodes/0900/rundown" "$root/home/pat/gate"
cat >"$root/home/pat/show/episodes/0900/info.md" <<'NOTE'
---
AssetID: EPSMSA79Z40T34P0T
episode_number: "0900"
type: sunday_show
airdate: 2026-08-09
title: The Kettle Report
duration: 00:00:30
status: production
---
NOTE
cat >"$root/home/pat/show/episodes/0900/rundown/10 Open.md" <<'NOTE'
---
slug: open
type: coldopen
order: 10
duration: 00:00:00
status: production
title: Open
---

Good evening from a container.
NOTE
touch "$root/home/pat/show/slow/one/file.txt"
chroot "$root" chown -R pat: /home/pat

# It prints nothing and hangs on a plain pipe, so it gets a terminal. Its own filter of system calls is older than those
# that build the walls around steps.
calls="landlock_create_ruleset landlock_add_rule landlock_restrict_self"
nspawn="systemd-nspawn -D $root --machine=showd-test --register=no --keep-unit --private-network"
nspawn="$nspawn --system-call-filter='$calls' -b"
script -qefc "$nspawn systemd.unit=test.target systemd.show_status=no" "$place/console" >/dev/null 2>&1 </dev/null &
booting=$!
child_of() { awk -v parent="$1" '$4 == parent { print $1; exit }' /proc/[0-9]*/stat 2>/dev/null; }
for _ in $(seq 200); do
    init=$booting
    while [ -n "$init" ] && [ "$(awk '/^NSpid/ { print NF $NF }' "/proc/$init/status" 2>/dev/null)" != 31 ]; do
        init=$(child_of "$init")
    done
    [ -n "$init" ] && break
    kill -0 "$booting" 2>/dev/null || not_here "the container does not boot: $(tail -3 "$place/console")"
    sleep 0.1
done
[ -n "${init:-}" ] || not_here "the container does not boot: $(tail -3 "$place/console")"

inside() { nsenter -t "$init" -m -u -i -n -p -C -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb SYSTEMD_COLORS=0 "$@"; }
ctl() { inside runuser -u pat -- env SHOWD_SOCKET=/run/showd-pat/showd.sock NO_COLOR=1 showctl "$@"; }
property() { inside systemctl show -P "$1" "$2"; }
until_is() { # until_is WHAT COMMAND...: within a minute
    local what=$1
    shift
    for _ in $(seq 600); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    echo "FAILED $what: never: $*" >&2
    inside journalctl --no-pager -n 60 -o cat >&2
    exit 1
}
check() { # check SENTENCE COMMAND...
    local sentence=$1
    shift
    if "$@"; then echo "ok     $sentence"; else
        echo "FAILED $sentence: $*" >&2
        inside journalctl --no-pager -n 60 -o cat >&2
        exit 1
    fi
}
is() { [ "$1" = "$2" ] || { echo "  \"$1\" is not \"$2\"" >&2; return 1; }; }
is_not() { [ "$1" != "$2" ]; }
says() { grep -q -- "$2" <<<"$1" || { echo "  \"$2\" is not in: $1" >&2; return 1; }; }
main() { property MainPID "$1@pat.service"; }
job_state() { ctl job "$1" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["job"]["state"])'; }
attempts() { ctl job "$1" --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)["attempts"]))'; }
is_running() { is "$(job_state "$1")" running; }
begin() { # prints the number of a job that runs until the gate opens
    inside rm -f /home/pat/gate/go
    local job
    job=$(ctl submit slow slow/one/ "n=$1" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["jobs"][0])')
    until_is "job $job runs" is_running "$job"
    echo "$job"
}
open_gate() { inside touch /home/pat/gate/go; }
answers() { ctl version; }

until_is "the container is up" inside systemctl is-active -q test.target
echo "booted $(inside systemctl --version | head -1)"

check "it starts, and systemd knows when it is ready" inside systemctl start showd@pat.service
check "it says what it is doing" says "$(property StatusText showd@pat.service)" "watching 1 share"
check "the runner is a unit of its own" inside systemctl is-active -q showd-runner@pat.service
rights=$(inside sh -c "cat /proc/$(main showd)/status; stat -c 'dir %U %a' /var/lib/showd/pat /run/showd-pat")
check "it runs as the account of the share" says "$rights" "^Uid:.$(inside id -u pat)"
check "without a capability" says "$rights" "^CapEff:.0000000000000000"
check "its state is nobody else's business" says "$rights" "dir pat 700"

check "it works until there is nothing left to do" ctl wait --idle --timeout 60s
check "the script is compiled" inside grep -q "Good evening" /home/pat/show/episodes/0900/scripts/current/0900-host.html
inside journalctl --sync
line=$(inside journalctl -t showd SHOWD_EPISODE=0900 SHOWD_STEP=compile SHOWD_EVENT=job.done -o json --no-pager | head -1)
for field in SHOWD_JOB SHOWD_BUILD SHOWD_SHARE SHOWD_EPISODE SHOWD_STEP; do
    check "the journal has the field $field" says "$line" "\"$field\":\"[^\"]"
done

job=$(begin restart)
before=$(main showd) runner=$(main showd-runner)
inside systemctl restart showd@pat.service
check "a restart is a new daemon" is_not "$(main showd)" "$before"
check "and the same runner" is "$(main showd-runner)" "$runner"
check "in which the step still runs" is_running "$job"
open_gate
ctl wait "$job" --timeout 60s >/dev/null
check "its one attempt ends well" is "$(job_state "$job") $(attempts "$job")" "succeeded 1"

job=$(begin kill)
restarts=$(property NRestarts showd@pat.service)
inside systemctl kill -s KILL showd@pat.service
until_is "it is started again" sh -c "[ \"\$(nsenter -t $init -a -- systemctl show -P NRestarts showd@pat.service)\" -gt $restarts ]"
until_is "it answers" answers
check "killed, it is started again, and the step still runs" is_running "$job"
open_gate
ctl wait "$job" --timeout 60s >/dev/null
check "its one attempt ends well" is "$(job_state "$job") $(attempts "$job")" "succeeded 1"

job=$(begin runner)
inside systemctl kill -s KILL showd-runner@pat.service
is_second() { is "$(attempts "$1")" 2 && is_running "$1"; }
until_is "the attempt runs again" is_second "$job"
open_gate
ctl wait "$job" --timeout 60s >/dev/null
check "a killed runner costs the attempt and no try" is "$(job_state "$job")" succeeded

inside mkdir -p /run/systemd/system/showd@pat.service.d
inside sh -c 'printf "[Service]\nWatchdogSec=2\nTimeoutAbortSec=1\n" >/run/systemd/system/showd@pat.service.d/test.conf'
inside systemctl daemon-reload
inside systemctl restart showd@pat.service
before=$(main showd)
sleep 5
check "the watchdog is fed" is "$(main showd)" "$before"
job=$(begin watchdog)
inside kill -STOP "$before"
is_new() { is_not "$(main showd)" "$before" && answers; }
until_is "systemd ends a daemon that is stuck" is_new
check "a stuck daemon is ended and started again, and the step still runs" is_running "$job"
check "for that reason" says "$(inside journalctl -u showd@pat.service -o cat --no-pager)" "Watchdog timeout"
open_gate
ctl wait "$job" --timeout 60s >/dev/null
check "its one attempt ends well" is "$(job_state "$job") $(attempts "$job")" "succeeded 1"

job=$(begin stop)
inside systemctl stop showd@pat.service
gone() { is "$(property ActiveState showd-runner@pat.service)" inactive && ! inside pgrep -u pat; }
until_is "the runner and the step end with the daemon" gone
check "stopped for good, nothing of it is left" gone
inside systemctl start showd@pat.service
open_gate
ctl wait "$job" --timeout 60s >/dev/null
check "and the job goes on when it is started again" is "$(job_state "$job")" succeeded

inside systemctl stop showd@pat.service
inside sed -i 's/^quiet/quite/' /etc/showd/pat.toml
! inside systemctl start showd@pat.service 2>/dev/null
check "a mistaken configuration is not tried again and again" is "$(property ActiveState showd@pat.service)" failed
check "and the journal says what to mend" says "$(inside journalctl -u showd@pat.service -o cat --no-pager -n 20)" \
    '/etc/showd/pat.toml:3: quite: there is no such key'
echo "the units hold"
