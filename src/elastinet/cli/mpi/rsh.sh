# What mpirun takes for ssh: hands a host and a command out to `elastinet mpirun`, waits, and ends as the command did.
folder=${0%/*} host=$1
shift
mkfifo "$folder/$host"
exec 9<"$0"
flock 9 # a pipe keeps only 4,096 bytes together
printf '%s %s\n' "$host" "$*" >"$folder/orders"
exec 9<&-
read -r status <"$folder/$host"
exit "$status"
