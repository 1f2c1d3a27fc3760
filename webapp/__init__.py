"""The upload page, the results pages and the JSON API of Sightline.

``create_app(settings)`` builds the Flask application; ``python -m webapp`` serves it.
"""

from webapp.app import create_app
from webapp.settings import Settings

__all__ = ["Settings", "create_app"]
