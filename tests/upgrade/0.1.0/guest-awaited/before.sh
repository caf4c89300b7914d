echo 0 > /proc/sys/net/ipv4/conf/eth1/forwarding
echo 0 > /proc/sys/net/ipv6/conf/eth1/forwarding
echo 80 > /proc/sys/net/ipv4/neigh/eth1/proxy_delay
echo 80 > /proc/sys/net/ipv6/neigh/eth1/proxy_delay
echo 0 > /proc/sys/net/ipv6/conf/eth1/proxy_ndp
echo 0 > /proc/sys/net/ipv4/conf/eth1/proxy_arp
echo 1 > /proc/sys/net/ipv6/conf/tap0/accept_ra
ip link set dev tap0 addrgenmode eui64
ip link set dev tap0 address e6:fb:0e:8b:a6:ac
echo 0 > /proc/sys/net/ipv4/conf/tap0/forwarding
ip link set dev tap0 down
echo 80 > /proc/sys/net/ipv4/neigh/tap0/proxy_delay
echo 80 > /proc/sys/net/ipv6/neigh/tap0/proxy_delay
echo 0 > /proc/sys/net/ipv6/conf/tap0/proxy_ndp
echo 0 > /proc/sys/net/ipv4/conf/tap0/proxy_arp
echo 0 > /proc/sys/net/ipv6/conf/all/forwarding
