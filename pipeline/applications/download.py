"""Having Keras bring weights from their publisher."""

from pathlib import Path

from pipeline.applications.application import Application
from pipeline.applications.network import build_arguments, builder_of
from pipeline.applications.weights import first_line
from pipeline.exceptions import DownloadError


def download_weights(application: Application, keras_home: Path) -> Path:
    """Have Keras download the ImageNet weights of an application, and check their hash.

    Args:
        application: The application.
        keras_home: The folder that Keras was told to keep its files in, which has none yet.

    Returns:
        The file.

    Raises:
        ExportError: There is no such application.
        DownloadError: Keras has no weights for these arguments, or could not bring them.
    """
    build = builder_of(application.name)
    try:
        build(weights="imagenet", **build_arguments(application))
    except Exception as error:  # Keras raises nothing narrower where a download fails
        raise DownloadError(
            f"Keras cannot bring the weights of {application.name}: {first_line(error)} (without a "
            "network, use a mirror: --mirror)."
        ) from error
    files = [path for path in (keras_home / "models").iterdir() if path.is_file()]
    if len(files) != 1:
        raise DownloadError(f"Keras left {len(files)} files for {application.name}, expected one.")
    return files[0]
