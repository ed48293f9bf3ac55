#!/usr/bin/env bash
# Sees to it that the machine has the tools of the groups named as arguments (see system_packages.txt).
#
# On Debian as root it installs what is missing; without root it stops with the line to run; elsewhere it stops
# with the names of the missing tools. When nothing is missing it says nothing and takes a moment.
set -euo pipefail

list="$(dirname "$0")/system_packages.txt"
packages=()
tools=()

trimmed() {
    local text="${1#"${1%%[![:space:]]*}"}"
    printf '%s' "${text%"${text##*[![:space:]]}"}"
}

while IFS='|' read -r group package tool check; do
    case "$group" in '#'* | '') continue ;; esac
    case " $* " in *" $(trimmed "$group") "*) ;; *) continue ;; esac
    if ! bash -c "$check" >/dev/null 2>&1 </dev/null; then
        packages+=("$(trimmed "$package")")
        tools+=("$(trimmed "$tool")")
    fi
done <"$list"

if [ "${#packages[@]}" -eq 0 ]; then
    exit 0
fi

is_debian() {
    command -v apt-get >/dev/null && grep -qsE '^ID=(")?debian(")?$' "${THECAL_OS_RELEASE:-/etc/os-release}"
}

if ! is_debian; then
    {
        echo "These tools are missing:"
        printf '  %s\n' "${tools[@]}"
        echo "Install them with the package manager of this system."
        case " $* " in
            *" cross "*)
                echo "The firmware itself can only be built on Debian. Elsewhere, set"
                echo "  THECAL_UF2=<path of a stock MicroPython 1.25 or newer image for the Raspberry Pi Pico>"
                echo "and no cross-build is needed: the firmware is then put on the board's file system."
                ;;
        esac
    } >&2
    exit 2
fi

install=(apt-get install --yes --no-install-recommends "${packages[@]}")
if [ "$(id -u)" -ne 0 ]; then
    echo "Some packages are missing, and installing them takes root. Run this, then try again:" >&2
    echo "  sudo ${install[*]}" >&2
    exit 2
fi

echo "set-up: installing ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
# Another program may be using the package manager just now.
if ! { apt-get update && "${install[@]}" -o DPkg::Lock::Timeout=120; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "set-up: installing the packages failed; see above" >&2
    exit 2
fi
