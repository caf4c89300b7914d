echo 0 > /proc/sys/net/ipv4/conf/eth1/promote_secondaries
echo 0 > /proc/sys/net/ipv4/conf/eth1/forwarding
echo 0 > /proc/sys/net/ipv6/conf/eth1/forwarding
echo 0 > /proc/sys/net/ipv6/conf/eth1/force_forwarding
echo 0 > /proc/sys/net/ipv4/conf/eth0/forwarding
echo 1 > /proc/sys/net/ipv6/conf/eth0/accept_ra
echo 0 > /proc/sys/net/ipv6/conf/eth0/force_forwarding
echo 0 > /proc/sys/net/ipv6/conf/eth0/forwarding
