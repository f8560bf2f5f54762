"""XML without its dangers: no document type, no entities, no network, bounded depth and size.

One element is held at a time, and what stands outside is let go as it is read, so that a
large file costs no more memory than its largest element and its own bytes.
"""

import io
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from adapters.errors import FileRefusedError
from adapters.ingress.record import FILE_BYTES_MAX

DEPTH_MAX = 20
ELEMENTS_MAX = 20_000
"""Within one element that is read whole; a child's census record has some hundreds."""


def elements(data: bytes, *, root: str, each: str) -> Iterator[Element]:
    """Read every element of a name, at any depth but not within itself, as they stand.

    Raises:
        FileRefusedError: It is not this kind of XML, or it is dangerous. Elements before
            the place where it breaks have been given already.
    """
    if len(data) > FILE_BYTES_MAX:
        msg = f"the file is over {FILE_BYTES_MAX // 2**20} MB: split it"
        raise FileRefusedError(msg)
    wrong = ""
    try:
        yield from _walk(data, root, each)
    except DefusedXmlException:
        wrong = "the file declares a document type or entities: export it without them"
    except (ParseError, ValueError, LookupError):
        wrong = "the file is not well-formed XML: export it again"
    # Not chained: the parser's error may quote the file, which is about children.
    if wrong:
        raise FileRefusedError(wrong)


def _walk(data: bytes, root: str, each: str) -> Iterator[Element]:
    open_elements: list[Element] = []
    inside = 0
    for moment, element in iterparse(
        io.BytesIO(data), events=("start", "end"), forbid_dtd=True, forbid_external=True
    ):
        if moment == "start":
            _check_start(element, open_elements, root)
            open_elements.append(element)
            inside += bool(inside) or local(element) == each
            if inside > ELEMENTS_MAX:
                msg = f"the file has over {ELEMENTS_MAX} elements in one {each}: check its end tags"
                raise FileRefusedError(msg)
            continue
        open_elements.pop()
        outermost = not any(local(item) == each for item in open_elements)
        if outermost and local(element) == each:
            inside = 0
            yield element
        if outermost and open_elements:
            open_elements[-1].remove(element)


def _check_start(element: Element, open_elements: list[Element], root: str) -> None:
    if not open_elements and local(element) != root:
        msg = f"the file's root is not {root}: it is another kind of file"
        raise FileRefusedError(msg)
    if len(open_elements) >= DEPTH_MAX:
        msg = f"the file is nested deeper than {DEPTH_MAX}: it is not a census"
        raise FileRefusedError(msg)


def local(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rsplit("}", 1)[-1]


def text(element: Element | None, path: str) -> str:
    """The text of a descendant by local names, `A/B`; empty when absent."""
    for name in path.split("/"):
        element = child(element, name)
    return (element.text or "").strip() if element is not None else ""


def child(element: Element | None, name: str) -> Element | None:
    """The first child of a local name."""
    return next(iter(children(element, name)), None)


def children(element: Element | None, name: str) -> list[Element]:
    """Every child of a local name."""
    return [item for item in element if local(item) == name] if element is not None else []
