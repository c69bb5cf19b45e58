# Inside an instance: a folder for one launch, with all that Open MPI and its ranks need; ends with 3 where Open MPI
# is not installed, with 4 where there is no such program. In: FOLDER, MARK, PARAMETERS, RSH, CLEAN, PROGRAM, and COPY
# if the program comes by standard input. Standard output is a socket: the folder lasts until its other end is shut.
set -e
command -v mpirun.openmpi >/dev/null && command -v orted >/dev/null || exit 3
mkdir "$FOLDER"
echo "$$" >"$FOLDER/first"
printf '%s' "$PARAMETERS" >"$FOLDER/parameters"
printf '%s' "$RSH" >"$FOLDER/rsh"
mkfifo "$FOLDER/orders"
if [ -n "$COPY" ]; then
    cat >"$PROGRAM"
    chmod 755 "$PROGRAM"
fi
if ! command -v "$PROGRAM" >/dev/null; then
    rm -rf "$FOLDER"
    exit 4
fi
setsid sh -c "$CLEAN" <&1 & # not of our session, which ends with us and with `elastinet mpirun`, however that ends
