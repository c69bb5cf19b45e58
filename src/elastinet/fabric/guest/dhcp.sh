# What a guest's DHCP client does with a lease. Descriptor 5 leads to the agent.
# The agent puts "#!<busybox> sh" and `busybox=<busybox>` in front of this text.
#
# The agent has set what it expects the lease to say ($expected) already, with the routes of every interface
# in the table that is its own; a lease that says it costs no further process. One that does not is the primary
# interface's only: no other has a route in the main table, and this program knows no other table.

net() { "$busybox" ip "$@"; }

routes() {
    for gateway in $router; do
        net route replace default via "$gateway" dev "$interface"
    done
}

resolver() {
    {
        [ -z "$domain" ] || echo "search $domain"
        for server in $dns; do echo "nameserver $server"; done
    } > /etc/resolv.conf
}

case "$1" in
bound)
    if [ "$ip/$mask $router $mtu" != "$expected" ]; then
        net link set dev "$interface" mtu "${mtu:-1500}"
        net addr add "$ip/$mask" broadcast + dev "$interface" 2>/dev/null
        [ "$interface" != eth0 ] || routes
    fi
    [ "$interface" != eth0 ] || resolver
    echo "$ip" >&5
    ;;
known)
    [ "$interface" != eth0 ] || resolver
    echo "$ip" >&5
    ;;
esac
