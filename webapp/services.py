"""The parts of the running application, in one place for the views."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from webapp.access.keys import ApiKeys
from webapp.access.users import Users
from webapp.explanations.explain import Explainer
from webapp.explanations.explain_detections import DetectionExplainer
from webapp.live_frames import LiveFrames
from webapp.models import ModelRepository
from webapp.recognise import Recogniser
from webapp.samples import Samples
from webapp.serving import SharedClient
from webapp.settings import Settings
from webapp.storage.annotated import AnnotatedVideos
from webapp.storage.idempotency import Replies
from webapp.storage.originals import Originals
from webapp.storage.remove import Remover
from webapp.storage.store import ResultStore
from webapp.storage.stress_reports import StressReports
from webapp.storage.videos import VideoStore
from webapp.stress.runs import StressRuns
from webapp.telemetry.frame_log import FrameLog
from webapp.telemetry.metrics import Metrics
from webapp.videos.intake import VideoIntake
from webapp.videos.listeners import Listeners
from webapp.videos.removal import VideoRemover

EXTENSION = "sightline"


@dataclass(frozen=True, slots=True)
class Services:
    """What views work with; made once by ``create_app``."""

    settings: Settings
    models: ModelRepository
    samples: Samples
    originals: Originals
    results: ResultStore
    client: SharedClient
    recogniser: Recogniser
    live_frames: LiveFrames
    frame_log: FrameLog
    remover: Remover
    explainer: Explainer
    detection_explainer: DetectionExplainer
    keys: ApiKeys
    users: Users
    metrics: Metrics
    replies: Replies
    stress_reports: StressReports
    stress_runs: StressRuns
    videos: VideoStore
    annotated_videos: AnnotatedVideos
    video_intake: VideoIntake
    video_remover: VideoRemover
    video_listeners: Listeners

    def close(self) -> None:
        """End what runs in the background, and free connections."""
        self.stress_runs.close()
        self.video_listeners.stop()
        self.detection_explainer.jobs.stop()
        self.client.close()  # which ends the call that such a job waits for
        self.detection_explainer.jobs.join()
        self.stress_runs.join()
        self.frame_log.close()
        self.results.close()


def services() -> Services:
    """Return the parts of the application that answers the current request."""
    return parts_of(current_app)


def parts_of(app: Flask) -> Services:
    """Return the parts of an application."""
    return cast("Services", app.extensions[EXTENSION])
