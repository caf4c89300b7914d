# shellcheck shell=bash
# What tools/demo and tools/test have in common: they install what is missing,
# build the package outside the checkout and install it. Sourced, not run.

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scratch=$(mktemp -d)
log=$scratch/log
policy=/usr/sbin/policy-rc.d

# What the tests run, on every release of Debian.
# shellcheck disable=SC2034 # for those who source this
needed_by_tests=(build-essential dnsmasq-base fakeroot git iproute2 iputils-ping isc-dhcp-client
    libvirt-clients libvirt-daemon libvirt-daemon-driver-qemu lintian lxc mmdebstrap mypy procps
    python3-all python3-hypothesis python3-pytest python3-pytest-xdist python3-stdeb python3-venv
    qemu-system-x86 radvd strace udev)

# Debian's own tools, whatever else is in PATH.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# Runs a command in silence, and shows what it said only if it fails.
quietly() {
    "$@" >"$log" 2>&1 </dev/null && return
    cat "$log" >&2
    die "failed: $*"
}

# Has apt-get install something; the lists of what there is are fetched only if those at hand don't do.
apt_do() {
    local options=(-y -q --no-install-recommends -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold)
    apt-get "${options[@]}" "$@" >"$log" 2>&1 </dev/null && return
    quietly apt-get update -q
    quietly apt-get "${options[@]}" "$@"
}

is_installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install_missing() {
    local package missing=()
    for package; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] || apt_do install "${missing[@]}"
}

# Nothing that gets installed on the way shall start a service. A policy that is there already stays.
hold_services() {
    [ ! -e "$policy" ] || return 0
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    release_policy=yes
}

clean_up() {
    [ -z "${release_policy-}" ] || rm -f "$policy"
    rm -rf "$scratch"
}

# Builds the package from a copy of the checkout; afterwards $deb names it.
build_package() {
    mkdir "$scratch/source"
    tar -C "$checkout" --exclude-vcs --exclude=.venv --exclude='.*_cache' --exclude=__pycache__ -cf - . |
        tar -C "$scratch/source" -xf -
    (
        cd "$scratch/source" || exit
        dpkg-checkbuilddeps 2>/dev/null || apt_do build-dep ./
        quietly dpkg-buildpackage -us -uc -b
    )
    deb=$(echo "$scratch"/*.deb)
}

# Installs the package that was built, also over one of the same version.
install_package() {
    apt_do install --reinstall --allow-downgrades "$deb"
    local changed
    changed=$(dpkg --verify snf-network-helper | sed -n 's/^..5.* c //p')
    [ -z "$changed" ] || echo "${0##*/}: differing from the package, and left so:" "$changed" >&2
}

[ "$(id -u)" = 0 ] || die "expected to run as root: it installs packages and makes network namespaces"
trap clean_up EXIT
hold_services
