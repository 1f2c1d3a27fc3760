"""The parts of the application, put together."""

from pathlib import Path

from serving_client import ServingClient
from vision import DecodeLimits
from webapp.access.keys import ApiKeys
from webapp.access.users import Users
from webapp.explanations.explain import Explainer, ExplainLimits
from webapp.explanations.explain_detections import DetectionExplainer, OcclusionLimits
from webapp.limits.gate import Gate, GateLimits
from webapp.limits.quota import Quota
from webapp.live_frames import LiveFrames
from webapp.models import ModelRepository
from webapp.recognise import Recogniser, RecogniserLimits
from webapp.samples import Samples
from webapp.services import Services
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
from webapp.telemetry.calls import watched_client
from webapp.telemetry.frame_log import FrameLog
from webapp.telemetry.gauges import Gauges, VideoGauges
from webapp.telemetry.metrics import Metrics
from webapp.videos.intake import IntakeLimits, VideoIntake
from webapp.videos.listeners import Listeners
from webapp.videos.removal import VideoRemover

_HOUR_S = 3600


def assemble(settings: Settings, *, client: ServingClient | None, samples_folder: Path) -> Services:
    """Make the parts, and finish deletions that were interrupted.

    Args:
        settings: How they are set.
        client: The model server's client; None makes one from ``SIGHTLINE_SERVING_*`` when it is
            first needed.
        samples_folder: The pictures that the form offers to try.

    Raises:
        StorageError: The database cannot be opened, or pictures cannot be kept.
    """
    models = ModelRepository(settings.model_repository)
    originals = Originals(settings.originals)
    originals.prepare()
    results = ResultStore(settings.database_url)
    videos = VideoStore(results.database)
    annotated = AnnotatedVideos(settings.originals)

    def kept_bytes() -> int:
        return results.original_bytes() + videos.kept_bytes()

    quota = Quota(settings.quota_bytes, kept_bytes)
    metrics = Metrics()
    shared = SharedClient(lambda: client or watched_client(metrics))
    remover = Remover(results, originals)
    remover.sweep()
    decode = DecodeLimits(settings.pixels_max)
    gate = _gate(settings)
    metrics.registry.register(Gauges(gate, kept_bytes, settings.quota_bytes, settings.originals))
    metrics.registry.register(VideoGauges(videos))
    recogniser = Recogniser(
        models=models,
        originals=originals,
        results=results,
        client=shared,
        limits=RecogniserLimits(decode, settings.call_timeout_s, settings.score_floor),
        gate=gate,
        quota=quota,
        on_result=metrics.note_recognition,
    )
    explainer = Explainer(
        models=models,
        originals=originals,
        results=results,
        client=shared,
        limits=ExplainLimits(decode, settings.call_timeout_s),
        gate=gate,
    )
    detection_explainer = DetectionExplainer(
        models=models,
        originals=originals,
        results=results,
        client=shared,
        limits=OcclusionLimits(
            decode,
            settings.call_timeout_s,
            masks=settings.explanation_masks,
            waiting_max=settings.explanations_waiting_max,
        ),
    )
    stress_reports = StressReports(results.database)
    return Services(
        settings=settings,
        models=models,
        samples=Samples(samples_folder),
        originals=originals,
        results=results,
        client=shared,
        recogniser=recogniser,
        live_frames=LiveFrames(recogniser, _frame_gate(settings), settings.frame_timeout_s),
        frame_log=FrameLog(),
        remover=remover,
        explainer=explainer,
        detection_explainer=detection_explainer,
        keys=ApiKeys(results.database),
        users=Users(results.database, login_s=settings.login_hours * _HOUR_S),
        metrics=metrics,
        replies=Replies(results.database),
        stress_reports=stress_reports,
        stress_runs=StressRuns(stress_reports),
        videos=videos,
        annotated_videos=annotated,
        video_intake=VideoIntake(
            models=models,
            originals=originals,
            videos=videos,
            quota=quota,
            limits=IntakeLimits(
                settings.video_bytes_max, settings.score_floor, settings.video_samples_per_s
            ),
        ),
        video_remover=VideoRemover(videos, remover, annotated),
        video_listeners=Listeners(settings.video_listeners_max),
    )


def _frame_gate(settings: Settings) -> Gate:
    """Keep one place free for uploads, however many live pictures there are."""
    return Gate(
        GateLimits(
            running_max=max(1, settings.recognitions_max - 1),
            waiting_max=settings.recognitions_waiting_max,
            wait_s=settings.frame_timeout_s,
        )
    )


def _gate(settings: Settings) -> Gate:
    return Gate(
        GateLimits(
            running_max=settings.recognitions_max,
            waiting_max=settings.recognitions_waiting_max,
            wait_s=settings.recognitions_wait_s,
        )
    )
