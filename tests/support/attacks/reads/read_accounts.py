"""Read the system's accounts, host name and SSH keys."""

read("/etc/passwd", "/etc/shadow", "/etc/hostname", "/root/.bashrc", "/root/.ssh/id_rsa")
