"""Rules for Dockerfiles and compose files, in the manner of hadolint."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).parent / "uv"
DOCKER = ROOT / "docker"
DOCKERFILES = sorted(DOCKER.glob("*.Dockerfile"))
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SCALE = yaml.safe_load((DOCKER / "compose.scale.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = {
    **COMPOSE["services"],
    "database": SCALE["services"]["database"],
}


def instructions(path: Path) -> list[tuple[str, str]]:
    """Name and arguments of each instruction, with continued lines joined."""
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [
        (name.upper(), rest)
        for name, _, rest in (line.partition(" ") for line in joined.splitlines() if line.strip())
    ]


def given(path: Path, name: str) -> list[str]:
    """The arguments of all instructions of one name."""
    return [rest for each, rest in instructions(path) if each == name]


@pytest.fixture(params=DOCKERFILES, ids=lambda path: path.name)
def dockerfile(request: pytest.FixtureRequest) -> Path:
    """Each Dockerfile."""
    path: Path = request.param
    return path


def test_bases_are_chosen_by_the_builder_and_have_a_tag(dockerfile: Path) -> None:
    """A build argument names the base; its default is no `latest`."""
    default = given(dockerfile, "ARG")[0]

    assert re.fullmatch(r"BASE_IMAGE=[a-z/]+:\d[\w.-]*", default)
    assert {base.split()[0] for base in given(dockerfile, "FROM")} == {"${BASE_IMAGE}"}
    assert len(given(dockerfile, "FROM")) == 2


def test_nobody_is_root_at_the_end(dockerfile: Path) -> None:
    """The last user is a number, so that Kubernetes can see that it is not root."""
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", given(dockerfile, "USER")[-1])


def test_programs_are_started_without_a_shell(dockerfile: Path) -> None:
    """Lists, not lines: a shell in between would not hand signals on."""
    started = [
        *given(dockerfile, "CMD"),
        *given(dockerfile, "ENTRYPOINT"),
        *(rest.partition("CMD ")[2] for rest in given(dockerfile, "HEALTHCHECK")),
    ]

    assert len(started) >= 2
    assert [each for each in started if not each.startswith("[")] == []


def test_packages_are_installed_by_hash_before_the_sources_arrive(dockerfile: Path) -> None:
    """A change of a source file leaves the layer with the packages as it is."""
    text = dockerfile.read_text()

    first, last = text.split("\nFROM ${BASE_IMAGE}\n")
    assert "--require-hashes" in first
    assert "--no-cache-dir" in first
    assert "pip" not in last
    copied = [rest.split()[-1] for rest in given(dockerfile, "COPY")]
    sources = [place for place in copied if place in {"model_server/", "webapp/", "vision/"}]
    assert sources
    assert all(copied.index("/opt/venv") < copied.index(place) for place in sources)


def test_nothing_is_fetched_but_packages(dockerfile: Path) -> None:
    """No ADD, no download by hand, no system packages, no sudo."""
    runs = " ".join(given(dockerfile, "RUN"))

    assert given(dockerfile, "ADD") == []
    assert [word for word in ("curl", "wget", "sudo", "apt-get", "git ") if word in runs] == []


def test_builders_are_told_what_they_may_see() -> None:
    """Everything is left out, then sources are let in; nothing else is."""
    lines = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]

    let_in = {line[1:].split("/")[0] for line in lines if line.startswith("!")}
    assert lines[0] == "*"
    assert let_in == {
        "docker", "http2", "model_server", "protos", "recognition", "requirements",
        "serving_client", "stress", "videos", "vision", "webapp",
    }  # fmt: skip


@pytest.mark.skipif(not UV.exists(), reason="uv is not installed (`make setup`)")
@pytest.mark.parametrize("name", ["compose.yaml", "compose.scale.yaml"])
def test_compose_files_fit_the_specification(name: str) -> None:
    """Every key is one of the Compose Specification, in its place and of its type."""
    check = ["check-jsonschema@0.39.0", "--builtin-schema", "vendor.compose-spec"]

    answer = subprocess.run(
        [UV, "tool", "run", "--quiet", *check, DOCKER / name],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_shut(name: str) -> None:
    """Read-only, no capabilities, limits, a restart policy, one network."""
    service = SERVICES[name]

    limits = service["deploy"]["resources"]["limits"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert set(service["networks"]) == {"sightline"}
    assert {"cpus", "memory"} <= set(limits)


def test_only_the_proxy_publishes_a_port() -> None:
    """There is one way in."""
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


@pytest.mark.parametrize("name", SERVICES)
def test_images_of_others_have_a_version(name: str) -> None:
    """No image changes by itself overnight."""
    default = re.sub(r"\$\{\w+:-([^}]+)\}", r"\1", SERVICES[name]["image"])

    assert default.startswith("sightline-") or re.search(r":\d", default)


def test_profiles_choose_one_model_server_that_is_waited_for() -> None:
    """Whichever it is, it has the same name on the network, and web apps wait for its health."""
    servers = {name: each for name, each in SERVICES.items() if "profiles" in each}

    waits = COMPOSE["services"]["web"]["depends_on"]
    assert {each["profiles"][0] for each in servers.values()} == {"gpu", "cpu", "embedded"}
    for name, each in servers.items():
        assert each["networks"]["sightline"]["aliases"] == ["serving"]
        assert waits[name] == {"condition": "service_healthy", "required": False}
        assert each["healthcheck"]["test"][2] == "/etc/sightline/healthcheck.sh"


def test_the_password_has_no_default() -> None:
    """Whoever gives none is told so, and nothing starts."""
    assert "${POSTGRES_PASSWORD:?" in SCALE["services"]["web"]["environment"]["PGPASSWORD"]


@pytest.mark.parametrize(
    "script",
    [
        *sorted(DOCKER.rglob("*.sh")),
        DOCKER / "model_server" / "tensorflow_model_server",
        *sorted((ROOT / "tests" / "e2e" / "containers").rglob("*.sh")),
    ],
    ids=lambda path: path.name,
)
def test_scripts_are_read_by_their_shell(script: Path) -> None:
    """No script has an error of syntax, or Windows' line ends."""
    shell = "bash" if "bash" in script.read_text().partition("\n")[0] else "sh"

    answer = subprocess.run([shell, "-n", script], capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stderr
    assert b"\r" not in script.read_bytes()
