"""The manifests of deploy/kubernetes, as kustomize puts them together."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
VERSION = "1.31"

Manifests = dict[tuple[str, str], dict[str, Any]]


def build(program: str, folder: Path) -> Manifests:
    """The manifests of a kustomization by kind and name, from the public documents alone."""
    answer = subprocess.run(
        [program, "build", str(folder)], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    documents = [each for each in yaml.safe_load_all(answer.stdout) if each]
    return {(each["kind"], each["metadata"]["name"]): each for each in documents}


@pytest.fixture(scope="module")
def overlays(find_program: Callable[[str], str]) -> dict[str, Manifests]:
    """What the overlays come to."""
    program = find_program("kustomize")
    return {name: build(program, KUBERNETES / "overlays" / name) for name in ("cpu", "gpu")}


@pytest.fixture(params=["cpu", "gpu"])
def overlay(request: pytest.FixtureRequest, overlays: dict[str, Manifests]) -> Manifests:
    """One of them."""
    return overlays[str(request.param)]


def pods(manifests: Manifests) -> dict[str, dict[str, Any]]:
    """The pods of all deployments, by name."""
    return {
        name: each["spec"]["template"]["spec"]
        for (kind, name), each in manifests.items()
        if kind == "Deployment"
    }


def test_every_manifest_fits_its_schema(overlay: Manifests) -> None:
    """No field is unknown to Kubernetes, misplaced, or of another type."""
    for manifest in overlay.values():
        kubernetes_validate.validate(manifest, VERSION, strict=True)

    kinds = {kind for kind, _ in overlay}
    assert kinds == {
        "ConfigMap", "Deployment", "HorizontalPodAutoscaler", "Namespace", "NetworkPolicy",
        "PersistentVolumeClaim", "PodDisruptionBudget", "Service",
    }  # fmt: skip


def test_a_wrong_manifest_would_be_noticed(overlay: Manifests) -> None:
    """The check above can fail."""
    service = {**overlay["Service", "web"], "spek": {}}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, VERSION, strict=True)


def test_model_repositories_may_be_in_a_bucket(
    find_program: Callable[[str], str], tmp_path: Path
) -> None:
    """With the component the claim is bound to the bucket's volume."""
    component = KUBERNETES / "components" / "object-storage"
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    relative = Path("..") / Path(*[".."] * (len(tmp_path.parts) - 1))
    (overlay / "kustomization.yaml").write_text(
        f"resources: [{relative}{KUBERNETES / 'overlays' / 'cpu'}]\n"
        f"components: [{relative}{component}]\n"
    )

    manifests = build(find_program("kustomize"), overlay)

    claim = manifests["PersistentVolumeClaim", "models"]
    kubernetes_validate.validate(manifests["PersistentVolume", "sightline-models"], VERSION)
    assert claim["spec"]["volumeName"] == "sightline-models"


def test_updates_take_no_pod_away_before_the_next_one_is_ready(overlay: Manifests) -> None:
    """A rolling update adds first, waits for readiness, and lets old pods finish."""
    deployments = [each for (kind, _), each in overlay.items() if kind == "Deployment"]

    for each in deployments:
        container = each["spec"]["template"]["spec"]["containers"][0]
        assert each["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
        assert container["lifecycle"]["preStop"]["exec"]["command"][0] == "sleep"
    assert len(deployments) == 2


def test_readiness_is_asked_of_what_answers_uploads(overlay: Manifests) -> None:
    """The web app by /readyz, the model server by its models; liveness asks neither."""
    containers = {name: pod["containers"][0] for name, pod in pods(overlay).items()}

    web, serving = containers["web"], containers["serving"]
    assert web["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert web["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert serving["readinessProbe"]["exec"]["command"][1] == "/etc/sightline/healthcheck.sh"
    assert "exec" not in serving["livenessProbe"]


def test_pods_are_shut(overlay: Manifests) -> None:
    """They meet the standard `restricted`, which their namespace enforces, and write nowhere."""
    namespace = overlay["Namespace", "sightline"]["metadata"]["labels"]

    for pod in pods(overlay).values():
        context = pod["containers"][0]["securityContext"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert pod["automountServiceAccountToken"] is False
    assert namespace["pod-security.kubernetes.io/enforce"] == "restricted"


def test_services_select_pods_and_policies_let_calls_through(overlay: Manifests) -> None:
    """Labels of pods are what services, budgets and policies look for; ports exist."""
    labels = {
        name: each["spec"]["template"]["metadata"]["labels"]
        for (kind, name), each in overlay.items()
        if kind == "Deployment"
    }

    for name in ("web", "serving"):
        service = overlay["Service", name]["spec"]
        budget = overlay["PodDisruptionBudget", name]["spec"]["selector"]["matchLabels"]
        policy = overlay["NetworkPolicy", name]["spec"]["podSelector"]["matchLabels"]
        ports = {port["name"] for port in pods(overlay)[name]["containers"][0]["ports"]}
        assert _matches(service["selector"], labels[name])
        assert _matches(budget, labels[name])
        assert _matches(policy, labels[name])
        assert {port["targetPort"] for port in service["ports"]} <= ports
    assert overlay["Service", "serving"]["spec"]["clusterIP"] == "None"


def _matches(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return selector.items() <= labels.items()


def test_mapped_files_are_those_of_docker(overlay: Manifests) -> None:
    """Kubernetes gets the same settings of the model server as the compose file."""
    (data,) = [each["data"] for (kind, _), each in overlay.items() if kind == "ConfigMap"]
    folder = ROOT / "docker" / "serving"

    files = {path.name: path.read_text() for path in folder.iterdir() if path.suffix != ".yaml"}

    assert {name: data[name] for name in files} == files
    assert 'name: "codes"' in data["models.config"]


def test_only_the_gpu_overlay_asks_for_a_gpu(overlays: dict[str, Manifests]) -> None:
    """One GPU, memory that grows, and the image for it."""
    serving = {name: pods(each)["serving"]["containers"][0] for name, each in overlays.items()}

    growth = "--tensorflow_session_config_file=/etc/sightline/session.config"
    assert serving["gpu"]["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert serving["gpu"]["image"] == "tensorflow/serving:2.19.1-gpu"
    assert growth in serving["gpu"]["args"]
    assert "nvidia.com/gpu" not in serving["cpu"]["resources"]["limits"]
    assert growth not in serving["cpu"]["args"]


def test_kserve_variant_serves_the_model_with_tensorflow() -> None:
    """The InferenceService has the fields of v1beta1 that KServe's TensorFlow runtime reads."""
    text = (KUBERNETES / "kserve" / "inferenceservice.yaml").read_text()

    service = yaml.safe_load(text)

    predictor = service["spec"]["predictor"]
    assert service["apiVersion"] == "serving.kserve.io/v1beta1"
    assert service["kind"] == "InferenceService"
    assert predictor["model"]["modelFormat"] == {"name": "tensorflow"}
    assert predictor["model"]["storageUri"].startswith("pvc://models/")
    assert predictor["scaleMetric"] == "concurrency"
