"""Numbers that are asked for when somebody looks, and not counted along the way."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from webapp.exceptions import StorageError
from webapp.limits.gate import Gate
from webapp.storage.videos import VideoStore


class Gauges(Collector):
    """The queue of pictures, and what is on the disk.

    Args:
        gate: Where pictures wait.
        used_bytes: Says what all originals weigh together.
        quota_bytes: What they may weigh; 0 is without limit.
        originals: The folder they are in.
    """

    def __init__(
        self, gate: Gate, used_bytes: Callable[[], int], quota_bytes: int, originals: Path
    ) -> None:
        self._gate = gate
        self._used_bytes = used_bytes
        self._quota_bytes = quota_bytes
        self._originals = originals

    def collect(self) -> Iterable[Metric]:
        """Yield the numbers of this moment; without those that cannot be found out."""
        yield GaugeMetricFamily(
            "sightline_recognitions_running", "Pictures looked at now", self._gate.running
        )
        yield GaugeMetricFamily(
            "sightline_recognitions_waiting", "Pictures that wait now", self._gate.waiting
        )
        yield GaugeMetricFamily(
            "sightline_quota_bytes", "What originals may weigh; 0 is any", self._quota_bytes
        )
        try:
            yield GaugeMetricFamily(
                "sightline_originals_bytes", "What originals weigh", self._used_bytes()
            )
            free = shutil.disk_usage(self._originals).free
            yield GaugeMetricFamily("sightline_disk_free_bytes", "Room on their disk", free)
        except (StorageError, OSError):
            return

    def describe(self) -> Iterable[Metric]:
        """Yield nothing, so that nothing is asked for at the start."""
        return ()


class VideoGauges(Collector):
    """The videos in each state, and who looks at them.

    Args:
        videos: Where they are.
    """

    def __init__(self, videos: VideoStore) -> None:
        self._videos = videos

    def collect(self) -> Iterable[Metric]:
        """Yield the numbers of this moment; without those that cannot be found out."""
        try:
            counts, workers = self._videos.counts(), self._videos.workers()
        except StorageError:
            return
        family = GaugeMetricFamily("sightline_videos", "Videos in each state", labels=["state"])
        for state, count in counts.items():
            family.add_metric([state], count)
        yield family
        yield GaugeMetricFamily(
            "sightline_video_workers", "Workers that have lately said that they live", workers
        )

    def describe(self) -> Iterable[Metric]:
        """Yield nothing, so that nothing is asked for at the start."""
        return ()
