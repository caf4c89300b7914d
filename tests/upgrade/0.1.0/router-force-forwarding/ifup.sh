# ifup eth1
echo 1 > /proc/sys/net/ipv4/conf/eth1/promote_secondaries
ip link set eth1 up
ip addr add 192.0.2.1/24 dev eth1
ip -6 addr add 2001:db8::1/64 dev eth1
echo 1 > /proc/sys/net/ipv4/conf/eth1/forwarding
echo 1 > /proc/sys/net/ipv4/conf/eth0/forwarding
echo 2 > /proc/sys/net/ipv6/conf/eth0/accept_ra
echo 1 > /proc/sys/net/ipv6/conf/eth1/forwarding
echo 1 > /proc/sys/net/ipv6/conf/eth1/force_forwarding
echo 1 > /proc/sys/net/ipv6/conf/eth0/forwarding
echo 1 > /proc/sys/net/ipv6/conf/eth0/force_forwarding
iptables -w -t nat -I POSTROUTING -o eth0 -s 192.0.2.0/24 -m comment --comment "snf-network-helper eth1" -j MASQUERADE
iptables -w -t nat -I POSTROUTING -o eth0 -s 192.0.2.0/24 -d 203.0.113.0/24 -m comment --comment "snf-network-helper eth1" -j ACCEPT
ip6tables -w -t nat -I POSTROUTING -o eth0 -s 2001:db8::/64 -m comment --comment "snf-network-helper eth1" -j MASQUERADE
ip6tables -w -t nat -I POSTROUTING -o eth0 -s 2001:db8::/64 -d 2001:db8:80::/64 -m comment --comment "snf-network-helper eth1" -j ACCEPT
