"""System calls that a parser never needs are refused by Linux (seccomp).

The limits of `child` bound the use of resources; they do not stop a process of root from starting
others or removing files, and in a container everything runs as root. A filter (seccomp(2), classic
BPF) looks at each call: no socket, nothing made, renamed, removed or opened for writing, no program
started, no other process touched. Calls are refused with an error, so that a library can go on
without them.
"""

import ctypes
import errno
import os
import platform
import struct

ALLOW, REFUSE = 0x7FFF0000, 0x00050000  # the second with an errno in its low half
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2
# Instructions: load a word of the call, compare, test bits, return (linux/bpf_common.h).
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, MACHINE, ARGUMENTS = 0, 4, 16  # where they are in seccomp_data
CLONE_THREAD = 0x10000
FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
X32 = 0x40000000  # numbers of a second table on x86-64

# Numbers of calls (asm/unistd_64.h, asm-generic/unistd.h): those of x86-64, then of ARM 64.
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
NETWORK = {"socket": (41, 198), "io_uring_setup": (425, 425)}
OTHERS = {
    **{"ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271)},
    **{"pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "unshare": (272, 97)},
    **{"setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41)},
    **{"chroot": (161, 51), "bpf": (321, 280), "perf_event_open": (298, 241)},
    **{"userfaultfd": (323, 282), "add_key": (248, 217), "request_key": (249, 218)},
    **{"keyctl": (250, 219)},
}
FILES = {
    **{"unlink": (87, None), "unlinkat": (263, 35), "rmdir": (84, None), "mkdir": (83, None)},
    **{"mkdirat": (258, 34), "rename": (82, None), "renameat": (264, 38)},
    **{"renameat2": (316, 276), "link": (86, None), "linkat": (265, 37), "symlink": (88, None)},
    **{"symlinkat": (266, 36), "mknod": (133, None), "mknodat": (259, 33), "creat": (85, None)},
    **{"chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452)},
    **{"chown": (92, None), "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54)},
    **{"truncate": (76, 45), "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6)},
}
PROCESSES = {
    **{"fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281)},
    **{"kill": (62, 129), "tkill": (200, 130)},
}
# The C library does without these, and falls back to calls whose arguments can be checked.
UNKNOWN = {"clone3": (435, 435), "openat2": (437, 437)}
OPEN, OPENAT, CLONE = (2, None), (257, 56), (56, 220)

Code = tuple[int, int, int, int]  # instruction, jump if true, jump if false, operand


def confine(*, starts_processes: bool) -> None:
    """Install the filter, for good; with `starts_processes` it refuses only the network and access
    to other processes. Raises OSError where the system has no such filters."""
    program = b"".join(struct.pack("=HBBI", *code) for code in _program(starts_processes))
    held = ctypes.create_string_buffer(program, len(program))
    head = ctypes.create_string_buffer(
        struct.pack("@HP", len(program) // 8, ctypes.addressof(held))
    )
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in (
        (PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), *[ctypes.c_ulong(0)] * 3),
        (PR_SET_SECCOMP, ctypes.c_ulong(FILTER), ctypes.byref(head), *[ctypes.c_ulong(0)] * 2),
    ):
        if libc.prctl(*arguments) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))


def _program(starts_processes: bool) -> list[Code]:  # noqa: FBT001
    machine = platform.machine()
    if machine not in MACHINES:
        raise OSError(errno.ENOSYS, f"not known how on {machine}")
    mark, which = MACHINES[machine]
    refused = NETWORK | OTHERS if starts_processes else NETWORK | OTHERS | FILES | PROCESSES
    codes = [(LOAD, 0, 0, MACHINE), (EQUAL, 1, 0, mark), _refuse(), (LOAD, 0, 0, NUMBER)]
    codes += [(AT_LEAST, 0, 1, X32), _refuse()]
    for numbers in refused.values():
        codes += _if(numbers[which], _refuse())
    if not starts_processes:
        for numbers in UNKNOWN.values():
            codes += _if(numbers[which], _refuse(errno.ENOSYS))
        for numbers, place in ((OPEN, 1), (OPENAT, 2)):
            codes += _if(
                numbers[which],
                (LOAD, 0, 0, ARGUMENTS + 8 * place),
                (ANY_BIT, 0, 1, FOR_WRITING),
                _refuse(),
                (RETURN, 0, 0, ALLOW),
            )
        codes += _if(
            CLONE[which],
            (LOAD, 0, 0, ARGUMENTS),
            (ANY_BIT, 1, 0, CLONE_THREAD),
            _refuse(),
            (RETURN, 0, 0, ALLOW),
        )
    return [*codes, (RETURN, 0, 0, ALLOW)]


def _if(number: int | None, *then: Code) -> list[Code]:
    return [] if number is None else [(EQUAL, 0, len(then), number), *then]


def _refuse(code: int = errno.EPERM) -> Code:
    return RETURN, 0, 0, REFUSE | code
