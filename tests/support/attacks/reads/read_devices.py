"""Find or make devices, and read from disks and from /sys."""

attempt(
    lambda: [
        d
        for d in os.listdir("/dev")
        if d.startswith(("sd", "vd", "nvme", "loop", "kmsg", "mem", "kvm", "vsock"))
    ]
)
attempt(
    lambda: os.mknod("/scratch/disk", 0o60666, os.makedev(254, 0)) or True, lambda: open("/dev/vda", "rb")
)
read("/sys/class/net/lo/address", "/sys/kernel/uevent_seqnum")
