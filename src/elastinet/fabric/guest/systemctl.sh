#!/bin/sh
# systemctl where process 1 is not systemd: services that have a script in /etc/init.d, by that script. Nothing
# supervises them, and no unit file is obeyed: what they ask for (users, sandboxes, restarts) would be held in part.
# What is enabled here is started at each boot: a name in $enabled.
enabled=/var/lib/elastinet/services
real=/usr/bin/systemctl
[ ! -d /run/systemd/system ] || exec "$real" "$@"

say() { echo "systemctl: $*" >&2; }

# A unit without a script: where it is, and what it would start.
explain() {
    for folder in /etc/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
        unit="$folder/$1.service"
        [ -f "$unit" ] || continue
        command=$(sed -n 's/^ExecStart=[-@:+!]*//p' "$unit" | head -n 1)
        say "$unit needs systemd as process 1, which this instance has not; type its command: ${command:-it has none}"
        return 5
    done
    say "there is no service $1: neither a script in /etc/init.d nor a unit"
    return 5
}

# Most scripts tell by their status whether the service runs.
one() {
    name=${2%.service}
    case "$name" in
    "" | */* | .* | *.socket | *.timer | *.target | *.mount | *.path)
        say "$2: only services are known here"
        return 5
        ;;
    esac
    script="/etc/init.d/$name"
    [ -x "$script" ] || { explain "$name"; return; }
    case "$1" in
    start | stop | restart | reload | force-reload | try-restart) "$script" "$1" ;;
    reload-or-restart) "$script" force-reload ;;
    status) "$script" status ;;
    is-active)
        if "$script" status >/dev/null 2>&1; then word=active; else word=inactive; fi
        [ -n "$quiet" ] || echo "$word"
        [ "$word" = active ] || return 3
        ;;
    is-enabled)
        if [ -e "$enabled/$name" ]; then word=enabled; else word=disabled; fi
        [ -n "$quiet" ] || echo "$word"
        [ "$word" = enabled ]
        ;;
    enable)
        mkdir -p "$enabled" && : >"$enabled/$name" || return
        [ -z "$now" ] || "$script" start
        ;;
    disable)
        rm -f "$enabled/$name"
        [ -z "$now" ] || "$script" stop
        ;;
    esac
}

verb="" names="" now="" quiet=""
for word; do
    case "$word" in
    --now) now=yes ;;
    -q | --quiet) quiet=yes ;;
    --no-pager | --no-ask-password | --no-block | --system | -f | --force | -l | --full) ;;
    -*)
        say "the option $word needs systemd as process 1, which this instance has not"
        exit 1
        ;;
    *) if [ -z "$verb" ]; then verb=$word; else names="$names $word"; fi ;;
    esac
done
case "$verb" in
start | stop | restart | reload | force-reload | try-restart | reload-or-restart | status | is-active | is-enabled | enable | disable)
    [ -n "$names" ] || { say "which service?"; exit 1; }
    set -f
    for name in $names; do
        one "$verb" "$name" || code=$?
    done
    exit "${code:-0}"
    ;;
daemon-reload | daemon-reexec | reset-failed) ;; # nothing here has read a unit
is-system-running) echo offline; exit 1 ;;
poweroff | halt) kill -USR2 1 ;;
reboot) kill -INT 1 ;;
start-enabled)
    for path in "$enabled"/*; do
        [ ! -e "$path" ] || one start "${path##*/}" || say "${path##*/} did not start"
    done
    ;;
*)
    say "'${verb:-list-units}' needs systemd as process 1, which this instance has not: it knows start, stop, restart," \
        "reload, status, is-active, enable, disable, is-enabled"
    exit 1
    ;;
esac
