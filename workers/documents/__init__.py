"""YAML as Kubernetes reads it: bytes in, JSON values out.

The oracle is ``kubectl annotate --local -f FILE a=b -o json``. It splits the stream at ``---`` lines before it
parses, reads YAML 1.1 with the rules of Go's decoder, and turns the result into JSON. PyYAML's own rules differ on
``22:22``, dates, ``y``, ``0o14``, ``014``, ``1e3``, duplicate anchors, merge keys and more, so only its C parser is
used. Nothing here reads a file, keeps a value, or follows a tag into code.
"""

from workers.documents.document import Document, Path
from workers.documents.objects import objects
from workers.documents.stream import read

__all__ = ["Document", "Path", "objects", "read"]
