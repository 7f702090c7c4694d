"""Read the memory of other processes and of the machine."""

def peek(pid):
    class Vector(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

    room = ctypes.create_string_buffer(64)
    mine, theirs = Vector(ctypes.addressof(room), 64), Vector(ctypes.addressof(room), 64)
    return libc.process_vm_readv(pid, ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0) > 0


attempt(lambda: peek(os.getppid()), lambda: peek(_PID_), lambda: peek(os.getpid()))
attempt(
    lambda: open("/proc/self/mem", "rb"),
    lambda: open(f"/proc/{os.getppid()}/mem", "rb"),
    lambda: open("/dev/mem", "rb"),
)
