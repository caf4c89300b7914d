echo 0 > /proc/sys/net/ipv4/conf/eth1/promote_secondaries
echo 0 > /proc/sys/net/ipv4/conf/eth1/forwarding
echo 0 > /proc/sys/net/ipv6/conf/eth1/forwarding
echo 0 > /proc/sys/net/ipv4/conf/eth0/forwarding
echo 0 > /proc/sys/net/ipv6/conf/all/forwarding
echo 1 > /proc/sys/net/ipv6/conf/eth0/accept_ra
