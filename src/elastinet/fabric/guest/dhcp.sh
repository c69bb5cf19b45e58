# What a guest's DHCP client does with a lease. Descriptor 5 leads to the agent.
# The agent puts "#!<busybox> sh" and `busybox=<busybox>` in front of this text.
#
# eth0 carries the default route; every other interface answers by its own table ($table), as EC2's own
# guest agents arrange it, so that replies leave by the interface they came in on. The agent has set what it
# expects the lease to say ($expected) already; a lease that says it costs no further process.

net() { "$busybox" ip "$@"; }

routes() {
    if [ "$interface" != eth0 ]; then
        net rule del table "$table" from "$ip" 2>/dev/null
        net rule add from "$ip" table "$table" prio "$table"
    fi
    for gateway in $router; do
        net route replace default via "$gateway" dev "$interface" table "$table"
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
        routes
    fi
    [ "$interface" != eth0 ] || resolver
    echo "$ip" >&5
    ;;
esac
