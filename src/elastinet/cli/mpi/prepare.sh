# Inside an instance: a folder for one launch, with the files of the archive on standard input and a file of Open MPI's
# parameters; ends with 3 where Open MPI is not installed, with 4 where there is no such program. In: FOLDER, PARAMETERS,
# PROGRAM, CLEAN, ELASTINET_MPI. Standard output is a socket: the folder lasts until its other end is shut.
set -e
command -v mpirun.openmpi >/dev/null && command -v orted >/dev/null || exit 3

runs() { [ -f "$1" ] && [ -x "$1" ]; }
found() {
    case $PROGRAM in */*) runs "$PROGRAM"; return ;; esac
    local IFS=:
    for folder in $PATH; do
        runs "$folder/$PROGRAM" && return
    done
    return 1
}
# What makes the folder deletes it, and is not of our session, which ends with `elastinet mpirun`, however that ends, nor
# of those it ends itself, as it does us. It closes 4 once the folder is there.
exec 3>&1
mark=ELASTINET_MPI=$ELASTINET_MPI
: "$(setsid env -u ELASTINET_MPI MARK="$mark" FIRST=$$ sh -c "$CLEAN" 4>&1 <&3 >&3 &)"
test -d "$FOLDER"
tar -xC "$FOLDER"
printf '%s' "$PARAMETERS" >"$FOLDER/parameters"
mkfifo "$FOLDER/orders"
found || exit 4
