# Inside an instance: puts into the folder of a launch the files of the archive on standard input, two of Open MPI's
# parameters and one of its hosts; ends with 3 where Open MPI is not installed, with 4 where there is no such program. In:
# FOLDER, LAUNCH, MESSAGES, HOSTS, PROGRAM, DAEMON.
set -e
command -v mpirun.openmpi >/dev/null && command -v "$DAEMON" >/dev/null || exit 3

runs() { [ -f "$1" ] && [ -x "$1" ]; }
found() {
    case $PROGRAM in */*) runs "$PROGRAM"; return ;; esac
    local IFS=:
    for folder in $PATH; do
        runs "$folder/$PROGRAM" && return
    done
    return 1
}
tar -xC "$FOLDER"
printf '%s' "$LAUNCH" >"$FOLDER/launch"
printf '%s' "$MESSAGES" >"$FOLDER/messages"
printf '%s' "$HOSTS" >"$FOLDER/hosts"
mkfifo "$FOLDER/orders"
found || exit 4
