# Inside an instance: makes one launch's folder and closes 4, waits for the end of standard input, then ends what is left
# of the launch, by the variable that all its processes have, and deletes its files; says a word when that is done.
# In: FOLDER, MARK, FIRST, a process id from before the launch.
mkdir "$FOLDER" || exit
exec 4>&-
read -r _
ended() { ! grep -q ^VmSize: "/proc/$1/status" 2>/dev/null; }  # what has no memory any more is on its way out
ours() { grep -lsxz "$MARK" /proc/[0-9]*/environ | cut -d/ -f3; }
none=0
while [ $none -lt 2 ]; do  # one look may miss a process that starts another program just then
    found=$(ours)
    if [ -n "$found" ]; then none=0; else none=$((none + 1)); fi
    kill -9 $found 2>/dev/null
    sleep 0.02
done
# libfabric names what it shares after the process: process ids grow here, and other instances have others.
(:) &
for file in /dev/shm/*:*:*; do
    pid=${file#/dev/shm/}
    pid=${pid%%:*}
    [ "$pid" -ge "$FIRST" ] 2>/dev/null && [ "$pid" -lt $! ] && ended "$pid" && rm -f "$file"
done
rm -rf "$FOLDER"
echo done
