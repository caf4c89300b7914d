"""The changes that plans are made of: one file a kind, which holds the value and how it is made, undone and seen.

A kind's file is named as the kind is in the journal: `ArpSource` stands in arp_source.py. The other files are what
several kinds have in common. A kind that was in a release is never changed, for journals hold it.

The door to the kernel is imported where it is used, so that whoever only handles values, as a plan does, needs none.
"""
