"""The command snf-network-helper(8): one file a command, whose `run` is called with the arguments."""
