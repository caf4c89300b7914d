# snf-network-helper attach tap0 --network eth1 --ip 192.0.2.10 --mac 52:54:00:12:34:56 --serve --hostname web1 --dns 198.51.100.53 --no-probe
echo 0 > /proc/sys/net/ipv6/conf/tap0/accept_ra
echo 1 > /proc/sys/net/ipv6/conf/tap0/addr_gen_mode
ip link set dev tap0 address 02:73:6e:66:00:01
nft -f ../guard.nft
nft 'add element inet snf_network_helper taps { "tap0" }'
nft 'add element arp snf_network_helper taps { "tap0" }'
nft 'add element inet snf_network_helper sources4 { "tap0" . 192.0.2.10 }'
nft 'add element arp snf_network_helper sources { "tap0" . 192.0.2.10 }'
nft 'create element arp snf_network_helper hosted { "eth1" . 192.0.2.10 }'
nft 'add element inet snf_network_helper sources6 { "tap0" . 2001:db8::5054:ff:fe12:3456 }'
nft 'add element inet snf_network_helper targets6 { "tap0" . 0x20010db800000000505400fffe123456 }'
nft 'create element inet snf_network_helper hosted6 { "eth1" . 0x20010db800000000505400fffe123456 }'
nft 'add element arp snf_network_helper askers { "tap0" : 192.0.2.1 }'
echo 1 > /proc/sys/net/ipv4/conf/tap0/forwarding
ip rule add from 192.0.2.0/24 lookup 222 priority 32000 protocol 222
ip -6 rule add from 2001:db8::/64 lookup 222 priority 32000 protocol 222
ip link set tap0 up
ip route add 192.0.2.10/32 dev tap0 table 222 proto 222
ip -6 addr add fe80::1/64 dev tap0 nodad
ip -6 route add 2001:db8::5054:ff:fe12:3456/128 dev tap0 table 222 proto 222
ip -6 neigh add proxy 2001:db8::5054:ff:fe12:3456 dev eth1 protocol 222
echo 0 > /proc/sys/net/ipv4/neigh/tap0/proxy_delay
echo 0 > /proc/sys/net/ipv6/neigh/tap0/proxy_delay
echo 1 > /proc/sys/net/ipv6/conf/tap0/proxy_ndp
echo 1 > /proc/sys/net/ipv4/conf/tap0/proxy_arp
ip addr add 169.254.1.1/32 dev tap0 scope host
ip -6 addr add fd73:6e66:6e68::1/64 dev tap0 noprefixroute nodad preferred_lft 0
dnsmasq --conf-file=/run/snf-network-helper/serve/tap0.dnsmasq --pid-file=/run/snf-network-helper/serve/tap0.dnsmasq.pid
radvd --config=/run/snf-network-helper/serve/tap0.radvd --pidfile=/run/snf-network-helper/serve/tap0.radvd.pid --username=radvd
