"""Write the description of the API: ``python -m webapp.openapi``."""

import json
import sys
import tempfile
from pathlib import Path

from webapp.app import create_app
from webapp.openapi.document import openapi_document
from webapp.settings import Settings

TARGET = Path(__file__).parent.parent / "static" / "openapi.json"


def text() -> str:
    """Return the description as it is committed."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            database_url="sqlite://", originals=Path(folder), model_repository=Path(folder)
        )
        app = create_app(settings)
        return json.dumps(openapi_document(app), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the file, or with ``--check`` say whether it is up to date."""
    if "--check" in sys.argv[1:]:
        return 0 if TARGET.read_text(encoding="utf-8") == text() else 1
    TARGET.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
