# Inside an instance: a folder for one launch, which lasts until the other end of standard input is closed.
# In: FOLDER, CLEAN, ELASTINET_MPI.
set -e
# What makes the folder deletes it, and is not of our session, which ends with `elastinet mpirun`, however that ends, nor
# of those it ends itself, as it does us. It closes 4 once the folder is there.
exec 3>&1 5<&0
mark=ELASTINET_MPI=$ELASTINET_MPI
: "$(setsid env -u ELASTINET_MPI MARK="$mark" FIRST=$$ sh -c "$CLEAN" 4>&1 <&5 >&3 2>/dev/null &)"
test -d "$FOLDER"
