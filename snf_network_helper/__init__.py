"""Routed networking for virtual machines, from a few options in /etc/network/interfaces."""
