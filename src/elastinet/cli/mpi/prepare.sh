# Inside an instance: a folder for one launch, with the files of the archive on standard input and a file of Open MPI's
# parameters; ends with 3 where Open MPI is not installed, with 4 where there is no such program. In: FOLDER, MARK,
# PARAMETERS, PROGRAM, CLEAN. Standard output is a socket: the folder lasts until its other end is shut.
set -e
command -v mpirun.openmpi >/dev/null && command -v orted >/dev/null || exit 3
mkdir "$FOLDER"
echo "$$" >"$FOLDER/first"
tar -xC "$FOLDER"
printf '%s' "$PARAMETERS" >"$FOLDER/parameters"
mkfifo "$FOLDER/orders"
if ! command -v "$PROGRAM" >/dev/null; then
    rm -rf "$FOLDER"
    exit 4
fi
setsid sh -c "$CLEAN" <&1 & # not of our session, which ends with us and with `elastinet mpirun`, however that ends
