# ifup eth1
ip link set eth1 up
ip route add unreachable 192.0.2.0/24 table 222 metric 4294967295 proto 222
ip rule add iif eth1 lookup 222 priority 32000 protocol 222
ip rule add to 192.0.2.0/24 lookup 222 priority 32000 protocol 222
ip route add 192.0.2.0/24 dev eth1 table 222 proto 222
ip addr add 192.0.2.1/32 dev eth1
ip -6 route add unreachable 2001:db8::/64 table 222 metric 4294967295 proto 222
ip -6 rule add iif eth1 lookup 222 priority 32000 protocol 222
ip -6 rule add to 2001:db8::/64 lookup 222 priority 32000 protocol 222
ip -6 route add 2001:db8::/64 dev eth1 table 222 proto 222
ip -6 addr add 2001:db8::1/128 dev eth1
echo 1 > /proc/sys/net/ipv4/conf/eth1/forwarding
echo 1 > /proc/sys/net/ipv4/conf/eth0/forwarding
echo 2 > /proc/sys/net/ipv6/conf/eth0/accept_ra
echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
echo 1 > /proc/sys/net/ipv6/conf/eth1/forwarding
iptables -w -t nat -I POSTROUTING -o eth0 -s 192.0.2.0/24 -m comment --comment "snf-network-helper eth1" -j MASQUERADE
iptables -w -t nat -I POSTROUTING -o eth0 -s 192.0.2.0/24 -d 203.0.113.0/24 -m comment --comment "snf-network-helper eth1" -j ACCEPT
ip6tables -w -t nat -I POSTROUTING -o eth0 -s 2001:db8::/64 -m comment --comment "snf-network-helper eth1" -j MASQUERADE
ip6tables -w -t nat -I POSTROUTING -o eth0 -s 2001:db8::/64 -d 2001:db8:80::/64 -m comment --comment "snf-network-helper eth1" -j ACCEPT
echo 0 > /proc/sys/net/ipv4/neigh/eth1/proxy_delay
echo 0 > /proc/sys/net/ipv6/neigh/eth1/proxy_delay
nft 'add table netdev snf_network_helper/eth1; flush table netdev snf_network_helper/eth1; table netdev snf_network_helper/eth1 { chain probes { type filter hook ingress device "eth1" priority 0; icmpv6 type nd-neighbor-solicit ip6 daddr < fe80:: ip6 daddr set ff02::1; }; }'
echo 1 > /proc/sys/net/ipv6/conf/eth1/proxy_ndp
echo 1 > /proc/sys/net/ipv4/conf/eth1/proxy_arp
