"""Tells whether this computer's processor is fast at the int8 network."""

from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")  # Linux alone has it
VNNI = {"avx512_vnni", "avx_vnni"}


def lacks_vnni(cpu_info: Path = CPU_INFO) -> bool:
    """Whether an x86 processor has no instructions for int8; `False` where that can't be told.

    Args:
        cpu_info: The file in which Linux describes the processor.
    """
    try:
        lines = cpu_info.read_text(errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line.split(":")[1].split() for line in lines if line.startswith("flags\t")), None)
    return flags is not None and VNNI.isdisjoint(flags)
