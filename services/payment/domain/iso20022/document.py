"""Reading and writing ISO 20022 documents: no DTD, no entities, no network, and the published schema decides."""

import importlib.resources
from functools import cache

from lxml import etree

from services.payment.domain.results import Refused

PREFIX = "urn:iso:std:iso:20022:tech:xsd:"
MOST_BYTES = 64 * 1024 * 1024


@cache
def schema(name: str) -> etree.XMLSchema:
    """The published schema of a message, e.g. `pain.001.001.09`."""
    file = importlib.resources.files(__package__) / "schemas" / f"{name}.xsd"
    return etree.XMLSchema(etree.fromstring(file.read_bytes(), _parser()))


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def read(content: bytes, name: str) -> etree._Element:
    """The root of a document of this message. Raises Refused("bad_file") for whatever is not valid by its schema.

    A document type declaration is refused unread, and so is anything but UTF-8: only there can it hide.
    """
    if len(content) > MOST_BYTES:
        raise Refused("bad_file")
    try:
        text = content.decode("utf-8-sig")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise Refused("bad_file")
        root = etree.fromstring(text.encode(), _parser())
    except (UnicodeDecodeError, etree.XMLSyntaxError, ValueError):
        raise Refused("bad_file") from None
    encoding = (root.getroottree().docinfo.encoding or "UTF-8").upper()
    if encoding not in ("UTF-8", "ASCII", "US-ASCII") or not schema(name).validate(root):
        raise Refused("bad_file")
    return root


def is_xml(content: bytes) -> bool:
    """Whether a file looks like an XML document rather than the text format."""
    return content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


class Reader:
    """Paths of one message without its namespace in every step: `texts(root, "GrpHdr/MsgId")`."""

    def __init__(self, name: str) -> None:
        self._namespace = PREFIX + name

    def all(self, of: etree._Element, path: str) -> list[etree._Element]:
        """Elements at a path of plain names."""
        return of.findall("/".join(f"{{{self._namespace}}}{step}" for step in path.split("/")))

    def text(self, of: etree._Element, path: str) -> str:
        """Text of the first element at a path; "" when there is none."""
        found = self.all(of, path)
        return (found[0].text or "").strip() if found else ""


class Writer:
    """Elements of one message under its namespace."""

    def __init__(self, name: str) -> None:
        self._name, self._namespace = name, PREFIX + name
        self.root = etree.fromstring(f'<Document xmlns="{self._namespace}"/>')

    def add(self, parent: etree._Element, path: str, text: str | None = None) -> etree._Element:
        """Append a chain of new elements; the last one gets the text, and is returned."""
        for step in path.split("/"):
            parent = etree.SubElement(parent, f"{{{self._namespace}}}{step}")
        if text is not None:
            parent.text = text
        return parent

    def bytes(self) -> bytes:
        """The document, checked against its schema. Raises ValueError when it isn't valid: a fault of ours."""
        if not schema(self._name).validate(self.root):
            # Without the schema's own words: they may quote a name or an account.
            raise ValueError(f"not valid as {self._name}")
        return etree.tostring(self.root, xml_declaration=True, encoding="UTF-8")
