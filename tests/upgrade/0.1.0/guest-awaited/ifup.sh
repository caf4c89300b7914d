# ifup eth1
ip link set eth1 up
ip route add unreachable default table 222 metric 4294967295 proto 222
ip route add 192.0.2.0/24 dev eth1 proto 222
ip rule add iif eth1 lookup 222 priority 32000 protocol 222
ip rule add iif lo to 192.0.2.0/24 lookup 222 priority 32000 protocol 222
ip route add 192.0.2.0/24 dev eth1 table 222 proto 222
ip route add default via 192.0.2.1 dev eth1 table 222 proto 222
ip -6 route add unreachable default table 222 metric 4294967295 proto 222
ip -6 route add 2001:db8::/64 dev eth1 proto 222
ip -6 rule add iif eth1 lookup 222 priority 32000 protocol 222
ip -6 rule add iif lo to 2001:db8::/64 lookup 222 priority 32000 protocol 222
ip -6 route add 2001:db8::/64 dev eth1 table 222 proto 222
ip -6 route add default via 2001:db8::1 dev eth1 table 222 proto 222
echo 1 > /proc/sys/net/ipv4/conf/eth1/forwarding
echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
echo 1 > /proc/sys/net/ipv6/conf/eth1/forwarding
arptables -I OUTPUT -o eth1 --opcode request -j mangle --mangle-ip-s 192.0.2.254
echo 0 > /proc/sys/net/ipv4/neigh/eth1/proxy_delay
echo 0 > /proc/sys/net/ipv6/neigh/eth1/proxy_delay
nft 'add table netdev snf_network_helper/eth1; flush table netdev snf_network_helper/eth1; table netdev snf_network_helper/eth1 { chain probes { type filter hook ingress device "eth1" priority 0; icmpv6 type nd-neighbor-solicit ip6 daddr < fe80:: ip6 daddr set ff02::1; }; }'
echo 1 > /proc/sys/net/ipv6/conf/eth1/proxy_ndp
echo 1 > /proc/sys/net/ipv4/conf/eth1/proxy_arp
