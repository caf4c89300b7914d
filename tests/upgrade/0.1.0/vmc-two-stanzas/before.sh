echo 0 > /proc/sys/net/ipv4/conf/eth1/forwarding
echo 80 > /proc/sys/net/ipv4/neigh/eth1/proxy_delay
echo 0 > /proc/sys/net/ipv4/conf/eth1/proxy_arp
echo 0 > /proc/sys/net/ipv6/conf/eth1/forwarding
echo 80 > /proc/sys/net/ipv6/neigh/eth1/proxy_delay
echo 0 > /proc/sys/net/ipv6/conf/eth1/proxy_ndp
echo 0 > /proc/sys/net/ipv6/conf/all/forwarding
