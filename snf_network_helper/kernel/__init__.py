"""The doors to the kernel: the tools as processes, rtnetlink, nfnetlink, ioctls, /proc/sys."""
