#!/usr/bin/env bash
# The publisher's tests on file systems of every kind that can be mounted here: each on a small image of its own, in a
# mount namespace of ours. Needs root, and mkfs of each kind; says which it leaves out.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" != inside ]; then
    [ "$(id -u)" = 0 ] || { echo "tests/filesystems.sh: needs root, to mount" >&2; exit 2; }
    cargo test -p show-publish --no-run --quiet
    exec unshare -m "$0" inside
fi

# The images lie in memory where there is some: what is shown is what the file systems do, not how long a disk takes.
place=$(mktemp -d -p "$([ -d /dev/shm ] && echo /dev/shm || echo /tmp)")
trap 'umount "$place/here" 2>/dev/null || true; rm -rf "$place"' EXIT
mkdir "$place/here"
for kind in tmpfs ext4 btrfs xfs; do
    if [ "$kind" = tmpfs ]; then
        mount -t tmpfs -o size=300m tmpfs "$place/here"
    elif ! command -v "mkfs.$kind" >/dev/null; then
        echo "$kind: left out, mkfs.$kind is not installed"
        continue
    else
        truncate -s 400M "$place/image"
        "mkfs.$kind" -q "$place/image" >/dev/null
        if ! mount -o loop "$place/image" "$place/here"; then
            echo "$kind: left out, it cannot be mounted here"
            rm "$place/image"
            continue
        fi
    fi
    echo "$kind:"
    # One at a time: the disk is filled, and made read-only.
    SHOW_PUBLISH_AT=$place/here cargo test -p show-publish --quiet --test moves --test crash --test world -- --test-threads 1
    umount "$place/here"
    rm -f "$place/image"
done
