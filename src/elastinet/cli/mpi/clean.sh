# Inside an instance: waits for the end of standard input, then ends what is left of one launch, by the variable that
# all its processes have, and deletes its files; says a word when that is done. In: FOLDER, MARK.
read -r _
ours() { grep -lsxz "$MARK" /proc/[0-9]*/environ | cut -d/ -f3; }
while found=$(ours) && [ -n "$found" ]; do
    kill -9 $found 2>/dev/null
    sleep 0.02
done
# libfabric names what it shares after the process: process ids grow here, and other instances have others.
read -r first <"$FOLDER/first"
(:) &
for file in /dev/shm/*:*:*; do
    pid=${file#/dev/shm/}
    pid=${pid%%:*}
    [ "$pid" -ge "$first" ] 2>/dev/null && [ "$pid" -lt $! ] && [ ! -e "/proc/$pid" ] && rm -f "$file"
done
rm -rf "$FOLDER"
echo done
