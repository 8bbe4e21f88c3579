"""Archive: what kind of file lies there, by its first bytes and not by its name."""

from __future__ import annotations

import stat
from pathlib import Path
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from bot.imports.row import Unreadable

_LARGEST = 4_000_000_000  # bytes when unpacked: four times the full export of UHRI
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Office's format before 2007, and encrypted files of any age
_PARTS = {"xl/workbook.xml": "xlsx", "word/document.xml": "docx"}
_STREAMS = {"WordDocument": "doc", "EncryptedPackage": "encrypted"}


def kind(path: Path) -> str:
    """xlsx, xls, docx, json or csv. Raises Unreadable."""
    start = _start(path)
    if start.startswith(_OLE):
        return _old(path)
    if start.startswith(b"PK"):
        return _zipped(path)
    if start.startswith(b"%PDF"):
        raise Unreadable("this is a PDF, which has no table to read: get the Word or Excel file")
    begins = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not begins:
        raise Unreadable("the file is empty")
    if begins[:1] == b"<":
        raise Unreadable("this is a web page and no export: download the file anew")
    return "json" if begins[:1] in (b"[", b"{") else "csv"


def _start(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unreadable("this is no file")
        with path.open("rb") as file:
            return file.read(1024)
    except FileNotFoundError:
        raise Unreadable("there is no such file") from None
    except (OSError, ValueError) as problem:
        raise Unreadable(f"the file cannot be read ({getattr(problem, 'strerror', None) or problem})") from None


def _old(path: Path) -> str:
    """What is inside an old Office file, by the names of its streams."""
    with path.open("rb") as file:
        held = file.read(64_000_000)
    found = next((kind for name, kind in _STREAMS.items() if name.encode("utf-16-le") in held), "xls")
    if found == "doc":
        raise Unreadable("this is an old Word file (DOC): open it in Word or LibreOffice and save it as DOCX")
    if found == "encrypted":
        raise Unreadable("the file asks for a password: save it without one")
    return found


def _zipped(path: Path) -> str:
    try:
        with ZipFile(path) as archive:
            size, names = sum(part.file_size for part in archive.infolist()), set(archive.namelist())
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        raise Unreadable("the file is cut short or damaged: download it anew") from None
    if size > _LARGEST:
        raise Unreadable("the file is too large when unpacked")
    found = next((kind for part, kind in _PARTS.items() if part in names), "")
    if not found:
        raise Unreadable("this is neither a workbook (XLSX) nor a Word file (DOCX)")
    return found


def refuse_entities(archive: ZipFile, part: str) -> None:
    """Raises ValueError where a part declares a document type, as Office never does; ExpatError where it is broken."""

    def refused(*_: object) -> None:
        raise ValueError("it declares a document type")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refused
    with archive.open(part) as file:
        parser.Parse(file.read(1 << 16))  # a declaration stands before all else
