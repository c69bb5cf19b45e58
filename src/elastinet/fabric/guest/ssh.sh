# Inside an instance: its ssh server, at its port (MODE=listen), or on standard input and output for one session. Before
# that it makes host keys and settings (MODE=prepare: only these). Where the disk is older, it makes the image's default
# user, too, who may log in by the instance's key pair and be root by sudo. In: DEFAULT, PAIR (that public key, or nothing),
# OWN (a public key that opens all accounts, for whoever holds it may run anything here anyway; empty: as it was).
set -eu
umask 022
folder=/var/lib/elastinet/ssh

fail() { echo "elastinet: $1" >&2; exit 1; }
for program in sshd ssh-keygen; do
    command -v $program >/dev/null ||
        fail "this instance has no $program: install openssh-server on this machine, or in its image"
done
[ "$(awk '{ n += $3 } END { print n }' /proc/self/uid_map)" -ge 65536 ] ||
    fail "this instance has no user but root, so nobody can log in: 'elastinet doctor' tells of subuid; exec, shell and cp work"

# Files of the machine that its user may not read are no use in an instance either.
see_to_shadow() {
    [ -r /etc/shadow ] && return
    rm -f /etc/shadow /etc/gshadow /etc/shadow- /etc/gshadow- /etc/.pwd.lock
    awk -F: '{ print $1 ":*:20000:0:99999:7:::" }' /etc/passwd >"$folder/shadow"
    awk -F: '{ print $1 ":*::" $4 }' /etc/group >"$folder/gshadow"
    for file in shadow gshadow; do
        chmod 600 "$folder/$file"
        mv "$folder/$file" "/etc/$file"
    done
}

# Without a password, but not locked. Alpine has no useradd and no usermod.
unlock() {
    if command -v usermod >/dev/null; then
        usermod -p '*' "$DEFAULT"
    else
        sed -i "s/^$DEFAULT:[^:]*:/$DEFAULT:*:/" /etc/shadow
    fi
}

make_user() {
    shell=/bin/bash
    [ -x $shell ] || shell=/bin/sh
    if command -v useradd >/dev/null; then
        useradd -M -s $shell -p '*' -c "Default user" "$DEFAULT"
        return
    fi
    number=$(cat /etc/passwd /etc/group |
        awk -F: '{ used[$3] = 1 } END { n = 1000; while (n in used) n++; print n }')
    echo "$DEFAULT:x:$number:$number:Default user:/home/$DEFAULT:$shell" >>/etc/passwd
    echo "$DEFAULT:x:$number:" >>/etc/group
    echo "$DEFAULT:*:20000:0:99999:7:::" >>/etc/shadow
}

add_user() {
    see_to_shadow
    if id "$DEFAULT" >/dev/null 2>&1; then unlock; else make_user; fi
    home=$(awk -F: -v user="$DEFAULT" '$1 == user { print $6 }' /etc/passwd)
    if [ ! -d "$home" ]; then
        mkdir -p "${home%/*}"
        if [ -d /etc/skel ]; then cp -R /etc/skel "$home"; else mkdir "$home"; fi
        chmod 750 "$home"
    fi
    mkdir -p "$home/.ssh"
    chmod 700 "$home/.ssh"
    [ -z "$PAIR" ] || printf '%s\n' "$PAIR" >>"$home/.ssh/authorized_keys"
    [ ! -e "$home/.ssh/authorized_keys" ] || chmod 600 "$home/.ssh/authorized_keys"
    chown -R "$DEFAULT:" "$home"
    if [ -d /etc/sudoers.d ] && [ -O /etc/sudoers ]; then
        printf '%s ALL=(ALL) NOPASSWD:ALL\n' "$DEFAULT" >/etc/sudoers.d/90-cloud-init-users
        chmod 440 /etc/sudoers.d/90-cloud-init-users
    fi
}

# By a configuration of its own: the machine's says who may log in to the machine.
configure() {
    cat >"$folder/sshd_config" <<END
HostKey $folder/host_ed25519_key
AuthorizedKeysFile .ssh/authorized_keys $folder/own_key
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
LogLevel ERROR
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
PidFile /run/elastinet-sshd.pid
END
}

# The variables of all sessions, which else PAM would read.
environment() {
    [ ! -r /etc/environment ] ||
        sed -nE 's/^(export +)?([A-Za-z_][A-Za-z0-9_]*)="?([^"]*)"?$/\2="\3"/p' /etc/environment | tr '\n' ' '
}

mkdir -p "$folder" /run/sshd
exec 9>"$folder/lock"
! command -v flock >/dev/null || flock 9 # an image may lack it
if [ ! -e "$folder/made" ]; then
    [ -e "$folder/host_ed25519_key" ] || ssh-keygen -q -t ed25519 -N '' -C '' -f "$folder/host_ed25519_key"
    [ -d "$(awk -F: -v user="$DEFAULT" '$1 == user { print $6 }' /etc/passwd)/.ssh" ] || add_user
    configure
    : >"$folder/made"
fi
if [ -n "$OWN" ]; then
    printf '%s\n' "$OWN" >"$folder/own_key.new"
    mv "$folder/own_key.new" "$folder/own_key" # others may read it at this moment
fi
exec 9>&-
variables=$(environment)
case "${MODE:-}" in
prepare) exit 0 ;;
listen) how="" ;;
*) how="-i -e" ;;
esac
serve() { "$@" "$(command -v sshd)" $how -f "$folder/sshd_config" ${variables:+-o "SetEnv $variables"}; }
[ -z "$how" ] || serve exec
pid=/run/elastinet-sshd.pid # which it writes once it listens
rm -f $pid
serve command
for _ in $(seq 500); do
    [ ! -e $pid ] || exit 0
    sleep 0.01
done
fail "sshd does not listen at port 22"
