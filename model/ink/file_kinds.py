"""Tells pictures' formats by how files begin, and files of many images by their names."""

import re

# Formats that can be decoded, and the endings that files of them usually have.
KNOWN = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg", ".jfif"),
    "WebP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "HEIC": (".heic", ".heif"),
    "AVIF": (".avif",),
    "PDF": (".pdf",),
}
ENDINGS = tuple(ending for endings in KNOWN.values() for ending in endings)
# Endings of pictures that can't be decoded; in a folder they are named, not passed over.
OTHER_PICTURES = (
    *(".svg", ".psd", ".ico", ".jxl", ".jp2", ".tga", ".ppm", ".pgm", ".pbm", ".eps", ".ai"),
    *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".raw", ".xcf"),
)
# Files of many images; IDX files as MNIST's and EMNIST's are named.
PARQUET, NPZ = ".parquet", ".npz"
_IDX = re.compile(r"idx\d-ubyte(\.gz)?$|\.idx(\.gz)?$")
_IDX_LABELS = re.compile(r"idx1-ubyte(\.gz)?$")
_PDF_HEAD = 1024  # bytes, among which a PDF's mark may stand

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"8BPS", "A Photoshop file"),
    (b"\0\0\1\0", "An icon"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"PK", "A zip file or an office document"),
    (b"%!PS", "PostScript"),
)
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"), "HEIC"),
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"qt  ", b"isom", b"mp41", b"mp42", b"M4V "), "A film"),
}


def holds_many_images(name: str) -> bool:
    """Whether a file's name is one of a parquet, NumPy or IDX file of images.

    Example:
        >>> [holds_many_images(name) for name in ("a.NPZ", "t10k-labels-idx1-ubyte.gz", "a.png")]
        [True, False, False]
    """
    if _IDX_LABELS.search(name):
        return False
    return name.lower().endswith((PARQUET, NPZ)) or bool(_IDX.search(name))


def kind_of(content: bytes) -> str:
    """The format of a file: a key of `KNOWN`, or words for another one.

    Example:
        >>> kind_of(b"GIF89a..."), kind_of(b"<svg>"), kind_of(b"")
        ('GIF', 'An SVG drawing', 'An empty file')
    """
    if not content:
        return "An empty file"
    for start, kind in _STARTS:
        if content.startswith(start):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WebP"
    if content[4:8] == b"ftyp":
        # AVIF files may name HEIC's general brand first.
        brands = [content[8:12], *(content[at : at + 4] for at in range(16, 48, 4))]
        kinds = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
        if kinds:
            return "AVIF" if "AVIF" in kinds else kinds[0]
    if b"%PDF-" in content[:_PDF_HEAD]:
        return "PDF"
    if b"<svg" in content[:_PDF_HEAD].lower():
        return "An SVG drawing"
    return "A file of this kind"
