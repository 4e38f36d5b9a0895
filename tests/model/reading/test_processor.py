"""Whether the processor is fast at int8 is told from what Linux says, or not at all."""

import pytest

from model.reading.processor import lacks_vnni


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("flags\t\t: fpu avx2 avx512_vnni\n", False),
        ("flags\t\t: fpu avx2 avx_vnni\n", False),
        ("processor\t: 0\nflags\t\t: fpu avx2\n", True),
        ("Features\t: fp asimd\n", False),  # no x86
        ("", False),
    ],
)
def test_flags_tell_whether_vnni_is_lacking(tmp_path, text, lacks):
    (tmp_path / "cpuinfo").write_text(text)
    assert lacks_vnni(tmp_path / "cpuinfo") is lacks


def test_nothing_is_said_where_it_cannot_be_told(tmp_path):
    assert not lacks_vnni(tmp_path / "missing")
