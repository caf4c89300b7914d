"""A data centre in network namespaces: hosts, cables, packets and snapshots of what a kernel holds."""
