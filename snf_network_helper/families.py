"""The two address families, as the journal and every value name them."""

IPV4 = "4"
IPV6 = "6"
